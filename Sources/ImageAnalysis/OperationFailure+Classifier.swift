internal import Classifier
internal import ImageDecoding
internal import Model

extension OperationFailure {
    init(_ error: ClassifierError) {
        if error.code == .outOfMemory {
            self.init(
                .resource, code: Code.outOfMemory, message: "There was not enough memory for this picture.",
                detail: error.description)
        } else {
            self.init(
                .internal, code: Code.internalError, message: "The picture could not be described.",
                detail: error.description)
        }
    }
}

/// Runs calls of the classifier, and speaks of their failures as the operation's.
func asOperation<T: ~Copyable>(_ body: () throws(ClassifierError) -> T) throws(OperationFailure) -> T {
    do throws(ClassifierError) {
        return try body()
    } catch {
        throw OperationFailure(error)
    }
}
