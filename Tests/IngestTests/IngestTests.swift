// tests of Ingest
