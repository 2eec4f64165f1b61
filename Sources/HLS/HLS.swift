// Room HLS: not furnished yet.
