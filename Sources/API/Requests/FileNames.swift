import Foundation
import Model

/// File names that clients send.
enum FileNames {
    /// The last segment of a path, still percent-encoded.
    ///
    /// - Throws: 400 for wrong encoding, 422 for a name that is not safe.
    static func fromPath(_ segment: Substring) throws -> String {
        guard let text = String(segment).removingPercentEncoding else {
            throw Problem.malformed(
                "The file name in the path is not percent-encoded UTF-8.", field: "filename")
        }
        return try checked(text, field: "filename")
    }

    /// The name in Unicode's composed form, in which some systems do not send it.
    ///
    /// - Throws: 422 saying which rule it breaks.
    static func checked(_ text: String, field: String) throws -> String {
        do throws(FileNameError) {
            return try FileName(validating: text.precomposedStringWithCanonicalMapping).value
        } catch {
            throw Problem.invalid(
                field, error.description,
                allowed:
                    "1 to \(FileName.maxBytes) bytes without control or reserved characters (< > : \" / \\ | ? *), "
                    + "no leading dot, dash or space, no trailing dot or space, no Windows device name")
        }
    }
}
