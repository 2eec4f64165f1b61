// Asks any server of the group on behalf of this one's API, and answers what others ask.
import Cluster
import Foundation
import HTTPTypes
import LiveStream
import ManagementAPI
import PeerLink
import Playback
import SettingsLanguage

/// The servers of the group as the API knows them. May be used from any task.
struct GroupManagement: ManagedGroup {
    /// As long as a page waits for an answer about a server that does not give one.
    private static let longestAnswer = TimeSpan.seconds(5)

    let own: PeerID
    let configuration: RunningConfiguration
    let caller: SealedCaller
    let model: ServerModel
    let keeper: StreamKeeper

    func events(of server: String, limit: Int, stream: String?, after: String?) async throws -> ServerEvents {
        try decoded(try await ask(server, .events(limit: limit, stream: stream, after: after)), from: server)
    }

    func captures(of server: String) async throws -> [CaptureFacts] {
        try decoded(try await ask(server, .captures), from: server)
    }

    func picture(of stream: String, from server: String) async throws -> [UInt8] {
        Array(try await ask(server, .picture(stream: stream)))
    }

    func setDraining(_ draining: Bool, of server: String) async throws {
        _ = try await ask(server, .setDraining(draining))
    }

    /// The answer to another server.
    func answer(_ call: ManagementCall) async -> ManagementReply {
        guard call.receiver == own else { return ManagementReply(refusal: "the call is for \(call.receiver)") }
        do {
            return ManagementReply(try await answer(call.question))
        } catch let problem as Problem {
            return ManagementReply(refusal: problem.message)
        } catch {
            return ManagementReply(refusal: "\(error)")
        }
    }

    private func answer(_ question: ManagementCall.Question) async throws -> Data {
        switch question {
        case .events(let limit, let stream, let after):
            return try JSONEncoder().encode(
                try ServerEvents(of: model.events, limit: limit, stream: stream, after: after))
        case .captures:
            let streams = model.streams().filter { !$0.inputs.isEmpty && $0.cluster != nil }
            return try JSONEncoder().encode(streams.map { CaptureFacts($0) })
        case .picture(let stream):
            guard let window = keeper.entry(stream)?.running?.window, let picture = Preview.picture(of: window) else {
                throw Problem.notFound("\(own) has no picture of \(stream)")
            }
            return Data(picture)
        case .setDraining(let draining):
            try await model.setDraining(draining)
            return Data()
        }
    }

    /// Throws a problem with what the server, or the connection to it, says.
    private func ask(_ server: String, _ question: ManagementCall.Question) async throws -> Data {
        let settings = configuration.current.settings
        guard let peer = settings.peers.first(where: { $0.name == server }) else {
            throw Problem.notFound(
                "no server of the group is named \(server)", hint: "GET \(APIRoutes.base)/cluster/peers lists all")
        }
        guard PeerID(peer) != own else { return try await answer(question) }
        let reply: ManagementReply
        do throws(PollFailure) {
            reply = try await caller.make(
                ManagementCall(sender: own, receiver: PeerID(peer), question: question), at: "\(peer.contact)",
                key: settings.clusterKey?.value ?? "", timeout: Self.longestAnswer)
        } catch {
            throw Self.problem("\(server) is not reached: \(error.text)")
        }
        if let refusal = reply.refusal { throw Self.problem("\(server) says: \(refusal)") }
        return reply.body
    }

    private func decoded<Value: Decodable>(_ body: Data, from server: String) throws -> Value {
        do { return try JSONDecoder().decode(Value.self, from: body) } catch {
            throw Self.problem("the answer of \(server) cannot be read: \(error)")
        }
    }

    private static func problem(_ message: String) -> Problem {
        Problem(status: .badGateway, code: "bad_gateway", message: message, hint: "open that server's own address")
    }
}
