"""Runs the rules on claims: findings, grades, fixes."""
