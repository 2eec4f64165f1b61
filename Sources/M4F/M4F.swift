// Room M4F: not furnished yet.
