"""What rules of several families read and write. No rule is declared here."""
