// Room WebConsole: not furnished yet.
