"""What methods against corpus bias share: moments, erasers, risks, partners, an adversary."""
