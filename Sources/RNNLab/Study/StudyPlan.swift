package import Foundation
internal import RNNCodegen
package import RNNDriver
internal import RNNReport
