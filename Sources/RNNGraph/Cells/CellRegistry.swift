/// Every cell that `rnnc` knows; adding a cell is one file and one line here.
package enum CellRegistry {
  package static let all: [any CellDefinition.Type] = [
    DenseLayer.self, ElmanCell.self, GRUCell.self, LSTMCell.self, LeakyRateCell.self,
    MomentumRNNCell.self, MomentumLSTMCell.self, MomentumGRUCell.self, OrthogonalCell.self,
    SBOCell.self, MinimalGatedUnitCell.self, SyllableLoopCell.self, LayerNormLayer.self,
    SoftmaxLayer.self, LayerNormLSTMCell.self,
  ]
  /// The cell that files and options call so; nil for none.
  package static func named(_ name: String) -> (any CellDefinition.Type)? {
    all.first { $0.name == name }
  }
}
