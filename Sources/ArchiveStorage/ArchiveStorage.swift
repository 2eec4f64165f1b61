// Room ArchiveStorage: not furnished yet.
