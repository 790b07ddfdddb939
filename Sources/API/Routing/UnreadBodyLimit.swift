import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends a connection whose client goes on sending a body after it was answered.
///
/// The rest of a refused body is read and thrown away, so that the client gets to see the answer, but only so much of it
/// and only so long.
final class UnreadBodyLimit: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private static let maxBytes = 16 << 20
    private static let maxTime: TimeAmount = .seconds(10)

    private var isReading = false
    private var isAnswered = false
    private var unread = 0
    private var deadline: Scheduled<Void>?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            isReading = true
            isAnswered = false
            unread = 0
        case .body(let bytes):
            if isAnswered {
                unread += bytes.readableBytes
                if unread > Self.maxBytes { return context.close(promise: nil) }
            }
        case .end:
            isReading = false
            deadline?.cancel()
            deadline = nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            isAnswered = true
            if isReading {
                let channel = context.channel
                deadline = context.eventLoop.scheduleTask(in: Self.maxTime) { channel.close(promise: nil) }
            }
        }
        context.write(data, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }
}
