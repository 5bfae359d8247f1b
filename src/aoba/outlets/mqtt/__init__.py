"""Topics of an MQTT broker that hear of the documents of sources."""
