"""What tests share: builders of EDI, runs of the program, oracles, and the servers and browsers they need."""
