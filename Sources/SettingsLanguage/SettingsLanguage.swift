// Room SettingsLanguage: not furnished yet.
