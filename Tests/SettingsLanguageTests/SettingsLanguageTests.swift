// tests of SettingsLanguage
