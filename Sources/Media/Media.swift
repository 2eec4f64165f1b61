// Room Media: not furnished yet.
