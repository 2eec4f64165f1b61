// Which fields of the items of a list are looked at: the others need not be encoded.

/// The fields of an item that somebody asks for, by the keys on the way to them.
struct WantedFields: Hashable, Sendable {
    /// All that lies below is wanted.
    private var isWhole: Bool
    private var below: [String: WantedFields] = [:]

    static let all = WantedFields(isWhole: true)

    private init(isWhole: Bool) { self.isWhole = isWhole }

    /// - Parameter paths: keys separated by dots.
    init(_ paths: some Sequence<String>) {
        self.init(isWhole: false)
        for path in paths { insert(path.split(separator: ".")[...]) }
    }

    private mutating func insert(_ path: ArraySlice<Substring>) {
        guard let key = path.first else {
            isWhole = true
            return
        }
        below[String(key), default: WantedFields(isWhole: false)].insert(path.dropFirst())
    }

    /// What is wanted of the value of a field; nil when nothing is.
    func below(_ key: String) -> WantedFields? { isWhole ? .all : below[key] }
}
