// Room Inputs: not furnished yet.
