// Room CMAF: not furnished yet.
