import ArgumentParser
import Foundation
import RNNDriver
import RNNGraph
import RNNSupport
