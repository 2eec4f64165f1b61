// tests of ArchiveStorage
