// Reads the text of a scenario; a mistake is told with its line and word.
import Cluster

extension TextScenario {
    package init(_ text: String) throws(Mistake) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (position, line) in lines.enumerated() {
            if line == "trace" {
                expectedTrace = lines[(position + 1)...].map(String.init)
                while expectedTrace.last?.isEmpty == true { expectedTrace.removeLast() }
                break
            }
            var words = ScenarioWords(line: position + 1, line, peers: peers.map(\.id))
            guard let first = words.next() else { continue }
            if first == "says" {
                sentences.append(words.rest.joined(separator: " "))
            } else if first == "at" {
                try readSteps(&words)
            } else {
                try readSetting(first, &words)
                if let extra = words.next() { throw words.mistake("'\(extra)' is too much") }
            }
        }
    }

    private mutating func readSetting(_ first: String, _ words: inout ScenarioWords) throws(Mistake) {
        switch first {
        case "group":
            var names: [PeerID] = []
            while let word = words.peek(), word != "fetch", word != "stale" {
                names.append(PeerID(word))
                words.skip()
            }
            var group = names.map { ClusterPeer(id: $0) }
            while let word = words.next() {
                let span = TimeSpan(microseconds: try words.span())
                for index in group.indices {
                    if word == "fetch" { group[index].fetchTimeout = span } else { group[index].staleTimeout = span }
                }
            }
            peers = group
        case "peer":
            let id = try words.peer()
            guard let index = peers.firstIndex(where: { $0.id == id }) else { return }
            while let word = words.next() {
                switch word {
                case "weight": peers[index].weight = try words.number()
                case "limit": peers[index].channelLimit = try words.number()
                case "fetch": peers[index].fetchTimeout = TimeSpan(microseconds: try words.span())
                case "stale": peers[index].staleTimeout = TimeSpan(microseconds: try words.span())
                default: throw words.mistake("'\(word)' is no word of a peer: weight, limit, fetch, stale")
                }
            }
        case "stream": streams.append(try words.stream())
        case "streams":
            let prefix = try words.word("a name")
            let count = try words.number()
            streams += (1...max(1, count)).map { number in
                let digits = String(number)
                let zeros = String(repeating: "0", count: max(0, String(count).count - digits.count))
                return ClusterStream(name: StreamName(prefix + zeros + digits))
            }
        case "failback":
            switch try words.word("immediate, delayed or off") {
            case "immediate": failback = .immediate
            case "off": failback = .off
            case "delayed": failback = .delayed(TimeSpan(microseconds: try words.span()))
            case let word: throw words.mistake("'\(word)' is no failback: immediate, delayed, off")
            }
        case "give_up": giveUpAfter = TimeSpan(microseconds: try words.span())
        case "retry": giveUpRetry = TimeSpan(microseconds: try words.span())
        case "batch": failbackBatch = try words.number()
        case "delay": delay = try words.span()
        case "show":
            guard try words.word("polls") == "polls" else { throw words.mistake("only polls can be shown") }
            showsPolls = true
        default:
            throw words.mistake(
                "'\(first)' is no statement: says, group, peer, stream, streams, failback, give_up, retry, batch, "
                    + "delay, show, at, trace")
        }
    }

    /// One line may hold several: `at 0s boot a  at 4s expect cam01 on a`.
    private mutating func readSteps(_ words: inout ScenarioWords) throws(Mistake) {
        repeat {
            let time = try words.span()
            if let last = steps.last, time < last.time { throw words.mistake("time goes back here") }
            steps.append(Step(line: words.line, time: time, action: try words.action()))
            guard let next = words.next() else { return }
            guard next == "at" else { throw words.mistake("'\(next)' is too much") }
        } while true
    }
}

/// The words of one line, one after the other.
struct ScenarioWords {
    let line: Int
    private let words: [String]
    private let peers: [PeerID]
    private var position = 0

    init(line: Int, _ text: Substring, peers: [PeerID]) {
        self.line = line
        self.peers = peers
        let isProse = text.hasPrefix("says")
        words = (isProse ? text : text.prefix { $0 != "#" }).split { $0 == " " || $0 == "\t" }.map(String.init)
    }

    var rest: [String] { Array(words[position...]) }
    func mistake(_ text: String) -> TextScenario.Mistake { TextScenario.Mistake(line: line, text: text) }
    func peek() -> String? { position < words.count ? words[position] : nil }
    mutating func skip() { position += 1 }
    mutating func next() -> String? {
        defer { position += 1 }
        return peek()
    }

    mutating func word(_ what: String) throws(TextScenario.Mistake) -> String {
        guard let word = next() else { throw mistake("\(what) is missing at the end") }
        return word
    }

    /// `3s`, `250ms`, `-90s`: microseconds.
    mutating func span() throws(TextScenario.Mistake) -> Int64 {
        let word = try word("a time")
        let unit: Int64 = word.hasSuffix("ms") ? 1000 : 1_000_000
        guard word.hasSuffix("s"), let value = Double(word.dropLast(word.hasSuffix("ms") ? 2 : 1)) else {
            throw mistake("'\(word)' is no time such as 3s or 250ms")
        }
        return Int64(value * Double(unit))
    }

    mutating func number() throws(TextScenario.Mistake) -> Int {
        let word = try word("a number")
        guard let value = Int(word) else { throw mistake("'\(word)' is no number") }
        return value
    }

    private func known(_ word: some StringProtocol) throws(TextScenario.Mistake) -> PeerID {
        let peer = PeerID(String(word))
        guard peers.contains(peer) else { throw mistake("'\(word)' is not in the group") }
        return peer
    }

    mutating func peer() throws(TextScenario.Mistake) -> PeerID { try known(try word("a server")) }

    /// `a,b` or `all`.
    mutating func peerList() throws(TextScenario.Mistake) -> [PeerID] {
        let word = try word("a list of servers")
        if word == "all" { return peers }
        var list: [PeerID] = []
        for part in word.split(separator: ",") { list.append(try known(part)) }
        return list
    }

    /// `a b c` up to the next word that is no server.
    mutating func peersInARow() throws(TextScenario.Mistake) -> [PeerID] {
        if peek() == "all" { return try peerList() }
        var list = [try peer()]
        while let word = peek(), peers.contains(PeerID(word)) {
            list.append(PeerID(word))
            skip()
        }
        return list
    }

    mutating func streamName() throws(TextScenario.Mistake) -> StreamName { StreamName(try word("a stream")) }

    mutating func expectWord(_ wanted: String) throws(TextScenario.Mistake) {
        let word = try word("'\(wanted)'")
        guard word == wanted else { throw mistake("'\(word)' stands where '\(wanted)' is expected") }
    }

    /// `cam01 [capture_at=b] [handover=make_before_break]`
    mutating func stream() throws(TextScenario.Mistake) -> ClusterStream {
        var stream = ClusterStream(name: try streamName())
        while let word = peek(), let equals = word.firstIndex(of: "=") {
            skip()
            let value = word[word.index(after: equals)...]
            switch word[..<equals] {
            case "capture_at": stream.captureAt = try known(value)
            case "handover" where value == "make_before_break": stream.handOver = .makeBeforeBreak
            default: throw mistake("'\(word)' is no option of a stream: capture_at=…, handover=make_before_break")
            }
        }
        return stream
    }

    // MARK: - Actions

    mutating func action() throws(TextScenario.Mistake) -> ScenarioAction {
        let verb = try word("an action")
        switch verb {
        case "boot": return .boot(try peersInARow())
        case "crash": return .crash(try peersInARow())
        case "pause": return .pause(try peersInARow())
        case "resume": return .resume(try peersInARow())
        case "drain": return .drain(try peersInARow())
        case "return": return .takeBack(try peersInARow())
        case "cut":
            let peer = try peer()
            let way = try word("from or to")
            guard way == "from" || way == "to" else { throw mistake("'\(way)' stands where from or to is expected") }
            let others = try peerList()
            return way == "from" ? .cut(peer, from: others) : .cutOneWay(peer, to: others)
        case "lag": return .lag(try peer(), try span())
        case "heal": return .heal
        case "clock": return .clock(try peer(), milliseconds: try span() / 1000)
        case "key": return .key(try peer(), try number())
        case "protocol": return .protocolVersion(try peer(), try number())
        case "unreachable", "reachable":
            let stream = try streamName()
            try expectWord("from")
            return .reach(stream, from: try peerList(), verb == "reachable")
        case "reload":
            let targets = try peersInARow()
            return .reload(targets, try change())
        case "expect": return .expect(try expectation())
        default: throw mistake("'\(verb)' is no action")
        }
    }

    private mutating func change() throws(TextScenario.Mistake) -> ScenarioChange {
        switch try word("add, remove, capture_at, weight or limit") {
        case "add": return .add(try stream())
        case "remove": return .remove(try streamName())
        case "capture_at": return .captureAt(try streamName(), try peer())
        case "weight": return .weight(try peer(), try number())
        case "limit": return .limit(try peer(), try number())
        case let word: throw mistake("'\(word)' is no change: add, remove, capture_at, weight, limit")
        }
    }

    private mutating func expectation() throws(TextScenario.Mistake) -> ScenarioExpectation {
        let subject = try word("what is expected")
        switch subject {
        case "even": return .even
        case "each":
            try expectWord("stream")
            try expectWord("once")
            return .eachOnce
        case "everybody":
            try expectWord("finds")
            try expectWord("everything")
            return .found
        default: break
        }
        switch try word("on, nowhere, captures, sees or finds") {
        case "on":
            let list = try peerList()
            var oneOf: [PeerID] = []
            if peek() == "and" {
                skip()
                try expectWord("one")
                try expectWord("of")
                oneOf = try peerList()
            } else if peek() == "only" {
                skip()
            }
            return .on(StreamName(subject), list, oneOf: oneOf)
        case "nowhere": return .on(StreamName(subject), [], oneOf: [])
        case "captures": return .count(try known(subject), try number())
        case "sees": return .sees(try known(subject), try peer(), state: try word("a state"))
        case "finds":
            let who = subject == "all" ? peers : [try known(subject)]
            let stream = try streamName()
            try expectWord("on")
            return .finds(who, stream, try peer())
        case let word: throw mistake("'\(word)' is no expectation: on, nowhere, captures, sees, finds")
        }
    }
}
