// Tests of PeerLink.
