"""Rules in TOML: facts with names, conditions in a closed language, and the file that declares rules with them."""
