// Keeps the archives of the configuration: opens each store once, gives streams their recorders, closes at shutdown.
import Archive
import ArchiveStorage
import Dispatch
import ManagementAPI
import NIOConcurrencyHelpers
import Playback
import SettingsLanguage

/// The stores of this server. May be used from any thread; nothing but `close` waits for a disk.
///
/// A store that cannot be opened is told once and tried again with growing delays; its streams are live meanwhile.
final class ArchiveKeeper: ArchiveDirectory {
    typealias Store = ArchiveStorage.ArchiveStore

    /// What a `dvr` line asks for.
    struct Wish: Hashable {
        var root: String
        var policy: RetentionPolicy
        /// `dvr=true` of the `backup` line.
        var takesFiller: Bool
    }

    /// A directory that streams of the configuration record to.
    struct Place: Sendable {
        /// Tells a place from one that had the same root before a reload.
        fileprivate var number: UInt64
        fileprivate var durability: Durability
        var store: Store?
        /// Why it is not open; nil before the first attempt and while it is open.
        var trouble: String?
        fileprivate var attempts = 0
    }

    private struct State {
        var wishes: [String: Wish] = [:]
        var taps: [String: ArchiveTap] = [:]
        /// By root.
        var places: [String: Place] = [:]
        var nextNumber: UInt64 = 1
        /// Streams whose index could not be read when it was asked last.
        var unreadable: Set<String> = []
        var isClosed = false
    }

    private let state = NIOLockedValueBox(State())
    private let origin: String
    private let neighbours = DiskNeighbours()
    private let report: @Sendable (ArchiveTelling) -> Void
    /// Opening reads the tails of files, closing waits for the last writes: neither may be on an event loop.
    private let queue = DispatchQueue(label: "archive-opening", attributes: .concurrent)

    /// - Parameter origin: name of this server, written into what it records.
    init(origin: String, report: @escaping @Sendable (ArchiveTelling) -> Void) {
        self.origin = origin
        self.report = report
    }

    // MARK: Configuration

    /// Makes the archives those of `settings`. Streams, live or recorded, that did not change are not touched.
    func apply(_ settings: ServerSettings) {
        var wishes: [String: Wish] = [:]
        var durabilities: [String: Durability] = [:]
        for stream in settings.streams where !stream.isDisabled {
            guard let archive = stream.archive, let root = settings.root(of: archive).map(Self.normalized) else {
                continue
            }
            wishes[stream.name] = Wish(
                root: root, policy: RetentionPolicy(archive), takesFiller: stream.backup?.isRecorded ?? false)
            durabilities[root] = Durability(archive.sync).stricter(than: durabilities[root])
        }
        let (closing, opening, tellings) = state.withLockedValue {
            state -> ([Store], [(String, UInt64)], [ArchiveTelling]) in
            guard !state.isClosed else { return ([], [], []) }
            state.wishes = wishes
            var closing: [Store] = []
            var opening: [(String, UInt64)] = []
            for root in state.places.keys.sorted() where durabilities[root] == nil {
                if let store = state.places.removeValue(forKey: root)?.store { closing.append(store) }
            }
            for (root, durability) in durabilities.sorted(by: { $0.key < $1.key }) {
                if let known = state.places[root] {
                    guard known.durability != durability else { continue }
                    state.places[root]?.durability = durability
                    known.store?.setDurability(durability)
                    continue
                }
                state.places[root] = Place(number: state.nextNumber, durability: durability)
                opening.append((root, state.nextNumber))
                state.nextNumber += 1
            }
            return (closing, opening, Self.wireAll(&state))
        }
        for telling in tellings { report(telling) }
        for store in closing { queue.async { store.close() } }
        for (root, number) in opening { open(root, number: number, after: .zero) }
    }

    /// Where the chunks of the stream go; one and the same for all lives of a stream.
    func tap(for stream: String) -> ArchiveTap {
        let (tap, telling) = state.withLockedValue { state -> (ArchiveTap, ArchiveTelling?) in
            if let tap = state.taps[stream] { return (tap, nil) }
            let tap = ArchiveTap()
            state.taps[stream] = tap
            return (tap, Self.wire(stream, tap, state))
        }
        if let telling { report(telling) }
        return tap
    }

    // MARK: Looking up

    /// The open store that has the archive of a stream of the configuration.
    func store(of stream: String) -> Store? {
        state.withLockedValue { state in state.wishes[stream].flatMap { state.places[$0.root]?.store } }
    }

    func wish(of stream: String) -> Wish? { state.withLockedValue { $0.wishes[stream] } }

    /// By root, in the order of their names.
    var places: [(root: String, place: Place, streams: [String])] {
        state.withLockedValue { state in
            state.places.sorted { $0.key < $1.key }.map { root, place in
                (root, place, state.wishes.filter { $0.value.root == root }.keys.sorted())
            }
        }
    }

    /// What `read` finds in the archive of a stream; nil when there is none open, or its index cannot be read. The latter
    /// is told once until it can be read again.
    func read<T>(_ stream: String, _ read: (ArchiveReader) throws -> T) -> T? {
        guard let store = store(of: stream) else { return nil }
        do {
            let found = try read(store.reader)
            state.withLockedValue { _ = $0.unreadable.remove(stream) }
            return found
        } catch {
            let isNew = state.withLockedValue { $0.unreadable.insert(stream).inserted }
            if isNew {
                report(
                    ArchiveTelling(
                        "archive_index_failed", stream: stream, isTrouble: true,
                        reason: "the index of \(store.root) cannot be read: \(error)"))
            }
            return nil
        }
    }

    // MARK: Opening and closing

    private static let longestDelay = Duration.seconds(30)

    private func open(_ root: String, number: UInt64, after delay: Duration) {
        queue.asyncAfter(deadline: .now() + .milliseconds(Int(delay.milliseconds))) { [self] in
            let durability = state.withLockedValue { state in
                state.isClosed || state.places[root]?.number != number ? nil : state.places[root]?.durability
            }
            guard let durability else { return }
            do {
                let store = try Store(
                    root: root, settings: .init(origin: origin, durability: durability), neighbours: neighbours,
                    report: { [report] in report(ArchiveTelling($0, root: root)) })
                opened(store, root, number: number)
            } catch {
                failed("\(error)", root, number: number)
            }
        }
    }

    private func opened(_ store: Store, _ root: String, number: UInt64) {
        let (isWanted, attempts, tellings) = state.withLockedValue { state -> (Bool, Int, [ArchiveTelling]) in
            guard !state.isClosed, var place = state.places[root], place.number == number else { return (false, 0, []) }
            let attempts = place.attempts
            place.store = store
            // A reload may have changed it while the store was being opened.
            store.setDurability(place.durability)
            place.trouble = nil
            place.attempts = 0
            state.places[root] = place
            return (true, attempts, Self.wireAll(&state))
        }
        // The configuration changed while the store was being opened.
        guard isWanted else {
            store.close()
            return
        }
        if attempts > 0 {
            report(ArchiveTelling("archive_opened", reason: "\(root) is open after \(attempts) failures"))
        }
        for telling in tellings { report(telling) }
    }

    private func failed(_ reason: String, _ root: String, number: UInt64) {
        let (attempts, isNew) = state.withLockedValue { state -> (Int, Bool) in
            guard !state.isClosed, var place = state.places[root], place.number == number else { return (0, false) }
            let isNew = place.trouble != reason
            place.attempts += 1
            place.trouble = reason
            state.places[root] = place
            return (place.attempts, isNew)
        }
        guard attempts > 0 else { return }
        if isNew {
            report(
                ArchiveTelling(
                    "archive_unavailable", isTrouble: true,
                    reason: "the archive \(root) cannot be opened, nothing is recorded there, live goes on: \(reason)"))
        }
        open(root, number: number, after: min(Self.longestDelay, .seconds(1 << min(attempts - 1, 5))))
    }

    /// Writes what is queued and closes all stores. For good.
    func close() async {
        let stores = state.withLockedValue { state -> [Store] in
            state.isClosed = true
            let stores = state.places.sorted { $0.key < $1.key }.compactMap(\.value.store)
            state.places.removeAll()
            return stores
        }
        await withTaskGroup(of: Void.self) { tasks in
            for store in stores {
                tasks.addTask { [queue] in
                    await withCheckedContinuation { done in
                        queue.async {
                            store.close()
                            done.resume()
                        }
                    }
                }
            }
        }
    }

    // MARK: Recorders

    private static func wireAll(_ state: inout State) -> [ArchiveTelling] {
        state.taps.sorted { $0.key < $1.key }.compactMap { name, tap in wire(name, tap, state) }
    }

    /// Gives the stream the recorder that it should have. Returns what an operator must know when that cannot be.
    private static func wire(_ name: String, _ tap: ArchiveTap, _ state: State) -> ArchiveTelling? {
        guard let wish = state.wishes[name], let store = state.places[wish.root]?.store else {
            tap.stop()
            return nil
        }
        guard !tap.isRecording(in: store) else {
            store.setPolicy(wish.policy, of: name)
            tap.setTakesFiller(wish.takesFiller)
            return nil
        }
        do {
            tap.start(try store.recorder(for: name, keeping: wish.policy), in: store, takesFiller: wish.takesFiller)
            return nil
        } catch {
            return ArchiveTelling("recording_failed", stream: name, isTrouble: true, reason: error.message)
        }
    }

    /// One spelling of a directory, as a store is opened once.
    private static func normalized(_ root: String) -> String {
        var root = root
        while root.count > 1, root.last == "/" { root.removeLast() }
        return root
    }
}
