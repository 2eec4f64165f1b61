// The words of the language, block by block. The compiler checks that each is read.

/// Directives outside of blocks.
package enum ServerDirective: String, CaseIterable {
    case http, https, hostname
    case editAuth = "edit_auth"
    case viewAuth = "view_auth"
    case clusterKey = "cluster_key"
    case peer, failback, handover
    case giveUp = "give_up"
    case clusterServe = "cluster_serve"
    case template, stream, vod, file, dvr, balancer
    case eventSink = "event_sink"
    case include
}

/// Directives of `stream` and `template`.
package enum StreamDirective: String, CaseIterable {
    case template, input, url, title, backup
    case segmentDuration = "segment_duration"
    case segmentCount = "segment_count"
    case windowBytes = "window_bytes"
    case hlsContainer = "hls_container"
    case dvr
    case clusterIngest = "cluster_ingest"
    case onPlay = "on_play"
    case onPublish = "on_publish"
    case `static`, ondemand, disabled, include
}

/// Options and flags of `input`.
package enum InputOption: String, CaseIterable {
    case priority
    case sourceTimeout = "source_timeout"
    case program, bitrate, hot
}

/// Options and flags of `dvr` in a stream.
package enum ArchiveOption: String, CaseIterable {
    case replicate
    case replicationPort = "replication_port"
    case replicationSpeed = "replication_speed"
    case sync
}

/// Directives of `peer`.
package enum PeerDirective: String, CaseIterable {
    case address
    case publicURL = "public"
    case fetchTimeout = "fetch_timeout"
    case staleTimeout = "stale_timeout"
    case weight
    case channelLimit = "channel_limit"
}

/// Directives of `https`.
package enum TLSDirective: String, CaseIterable { case certificate, key }

/// Directives of `vod` and `file`.
package enum FileRootDirective: String, CaseIterable { case storage, path }

/// Directives of a `dvr NAME` block.
package enum StoreDirective: String, CaseIterable { case root }

/// Directives of `balancer`.
package enum BalancerDirective: String, CaseIterable { case mode, peer }

/// Directives of `event_sink`.
package enum EventSinkDirective: String, CaseIterable { case url, only, except }
