// /streams/{name}/dvr/ranges, /streams/{name}/dvr/locks and /dvrs: what is recorded, protected, deleted.
import Foundation
import Hummingbird

/// The archives' part of the API.
///
/// | request | parameters | answer |
/// | --- | --- | --- |
/// | `GET /streams/{name}/dvr/ranges` | | ranges, gaps with causes, bytes |
/// | `DELETE /streams/{name}/dvr/ranges` | `from`, `duration` or `to` | what was deleted |
/// | `GET /streams/{name}/dvr/locks` | | protected ranges |
/// | `POST /streams/{name}/dvr/locks` | `from`, `duration` or `to`, `note` | the new lock |
/// | `DELETE /streams/{name}/dvr/locks` | `id` | |
/// | `GET /dvrs` | | the stores |
///
/// `from` and `to` are UTC in seconds, `duration` is in seconds; fractions are allowed.
struct ArchiveRoutes {
    let archives: any ManagedArchives

    private enum Subject: String { case ranges, locks }

    private struct Locks: Encodable {
        var locks: [ArchiveLockFacts]
    }

    private struct Unlocked: Encodable {
        var unlocked: Int64
    }

    func add<Context: RequestContext>(to api: RouterGroup<Context>) {
        api.get("dvrs") { [archives] request, _ in try listResponse("dvrs", archives.stores(), request: request) }
        api.post("streams/**") { request, context in
            guard case (let name, .locks)? = Self.subject(of: context) else { throw Self.noSuchPlace }
            let note = request.uri.queryParameters["note"].map(String.init) ?? ""
            guard note.utf8.count <= 1000, !note.contains(where: \.isNewline) else {
                throw Problem.badRequest("note must be one line of at most 1000 bytes")
            }
            let made = try await archives.lock(try Self.span(request), of: name, note: note)
            return try APIEncoding.response(made, status: .created)
        }
        api.delete("streams/**") { request, context in
            switch Self.subject(of: context) {
            case (let name, .ranges)?:
                return try APIEncoding.response(try await archives.delete(try Self.span(request), of: name))
            case (let name, .locks)?:
                guard let id = request.uri.queryParameters["id"].flatMap({ Int64($0) }) else {
                    throw Problem.badRequest("id must be the number of a lock", hint: "GET the same address lists all")
                }
                try await archives.unlock(id, of: name)
                return try APIEncoding.response(Unlocked(unlocked: id))
            case nil: throw Self.noSuchPlace
            }
        }
    }

    /// The answer to a GET below `streams/` if it is for the archive.
    func answer(_ context: some RequestContext) throws -> Response? {
        switch Self.subject(of: context) {
        case (let name, .ranges)?: try APIEncoding.response(archives.ranges(of: name))
        case (let name, .locks)?: try APIEncoding.response(Locks(locks: archives.locks(of: name)))
        case nil: nil
        }
    }

    private static var noSuchPlace: Problem {
        .notFound("nothing here can be changed", hint: "streams/{name}/dvr/locks and streams/{name}/dvr/ranges can")
    }

    private static func subject(of context: some RequestContext) -> (String, Subject)? {
        let parts = context.parameters.getCatchAll().map { String($0).removingPercentEncoding ?? String($0) }
        guard parts.count > 2, parts[parts.count - 2] == "dvr", let last = parts.last,
            let subject = Subject(rawValue: last)
        else { return nil }
        return (parts.dropLast(2).joined(separator: "/"), subject)
    }

    private static func span(_ request: Request) throws -> ArchiveSpan {
        func milliseconds(_ name: String) throws -> Int64? {
            guard let text = request.uri.queryParameters[name[...]] else { return nil }
            // Seconds of the year 10000 and later are mistakes, mostly milliseconds.
            guard let seconds = Double(text), seconds >= 0, seconds < 253_402_300_800 else {
                throw Problem.badRequest("\(name)=\(text) is no number of seconds")
            }
            return Int64((seconds * 1000).rounded())
        }
        guard let from = try milliseconds("from") else {
            throw Problem.badRequest("from is missing: UTC in seconds where the range begins")
        }
        let end = try milliseconds("to")
        let duration = try milliseconds("duration")
        guard let to = end ?? duration.map({ from + $0 }), to > from else {
            throw Problem.badRequest("duration (seconds) or to (UTC in seconds, after from) is missing or empty")
        }
        return ArchiveSpan(from: from, to: to)
    }
}
