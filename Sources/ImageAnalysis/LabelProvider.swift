public import Model
public import Vips

/// What a provider says of a picture.
public struct PictureDescription: Sendable, Hashable {
    /// The word that fits best first, the others by falling score.
    public var labels: [Label]
    /// Text seen in the picture; nil where the provider reads none.
    public var text: String?
    /// A sentence; nil where the provider writes none.
    public var caption: String?

    public init(labels: [Label], text: String? = nil, caption: String? = nil) {
        self.labels = labels
        self.text = text
        self.caption = caption
    }
}

/// Something that knows what pictures show.
///
/// ``EmbeddedLabels`` is the one that is always there. It needs neither a network nor the file system.
public protocol LabelProvider: Sendable {
    /// Name and version, as stored with each report: `embedded/efficientnet-lite0`.
    var name: String { get }

    /// - Parameter image: upright, sRGB or grey, perhaps with alpha, at most 512 pixels a side.
    /// - Throws: ``OperationFailure``, never because of what the picture shows.
    func describe(_ image: borrowing VipsImage) throws(OperationFailure) -> PictureDescription
}
