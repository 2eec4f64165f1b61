// Room LiveStream: not furnished yet.
