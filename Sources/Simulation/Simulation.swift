// Room Simulation: not furnished yet.
