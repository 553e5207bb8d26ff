"""Payments: how money is asked for, and what is heard of it. Who takes it is an adapter's business."""
