// `event_sink` and `balancer`.

/// Where events are posted to.
package struct EventSinkSettings: Equatable, Sendable {
    /// One `only` or `except` line: matches an event when each of its conditions has a value that matches.
    package struct Filter: Equatable, Sendable {
        package var conditions: [Condition]
        package init(conditions: [Condition]) { self.conditions = conditions }
    }

    /// `event=a,b`: the field has one of the values; `*` in a value stands for anything.
    package struct Condition: Equatable, Sendable {
        package enum Field: String, Sendable, CaseIterable { case event, media, peer, level }
        package var field: Field
        package var values: [String]
        package init(field: Field, values: [String]) {
            self.field = field
            self.values = values
        }
    }

    package var name: String
    package var url: WebURL
    /// When there are any, an event must match one of them.
    package var only: [Filter]
    /// An event that matches one of these is not posted.
    package var except: [Filter]

    package init(name: String, url: WebURL, only: [Filter] = [], except: [Filter] = []) {
        self.name = name
        self.url = url
        self.only = only
        self.except = except
    }
}

/// Spreads viewers over peers.
package struct BalancerSettings: Hashable, Sendable {
    package enum Mode: String, Hashable, Sendable, CaseIterable { case clients, bitrate, usage, streams }
    package var name: String
    /// By what the least loaded peer is chosen. Default `clients`.
    package var mode: Mode
    /// Names of peers.
    package var peers: [String]

    package init(name: String, mode: Mode = .clients, peers: [String] = []) {
        self.name = name
        self.mode = mode
        self.peers = peers
    }
}
