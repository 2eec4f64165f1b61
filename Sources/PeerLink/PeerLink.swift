// Room PeerLink: not furnished yet.
