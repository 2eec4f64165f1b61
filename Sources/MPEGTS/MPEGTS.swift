// Room MPEGTS: not furnished yet.
