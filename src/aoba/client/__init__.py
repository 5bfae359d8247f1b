"""The other side of the wire: asking devices. The protocol itself comes from pymodbus."""
