"""The record of predictions: what was found on each target claim, to be compared with the payer's answer."""
