// Room Playback: not furnished yet.
