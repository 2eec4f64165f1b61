// Room Ingest: not furnished yet.
