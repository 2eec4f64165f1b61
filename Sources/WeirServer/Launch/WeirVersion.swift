// Which version this is and which features of the configuration it has.
package import SettingsLanguage

/// The version of Weir.
package enum WeirVersion {
    package static let text = "0.1.0"
}

/// What of the configuration language this version does. Everything else is reported at start.
package enum WeirFeatures {
    package static let available: Set<Feature> = [
        .input(.fake), .input(.file), .input(.udp), .input(.tshttp), .input(.tshttps), .input(.m4f),
        .input(.m4fs), .input(.m4s), .programSelection, .backup,
        .disabledStream, .transportStreamSegments, .https, .authentication, .hotInput,
        .cluster, .clusterIngest, .failback, .makeBeforeBreak, .archive, .archiveStores, .replication,
        .clusterProxy, .eventSink,
    ]
}
