// Room Archive: not furnished yet.
