package import RNNReference

extension ReferenceModel: FrameReference {}
