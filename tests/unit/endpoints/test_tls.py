import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from aoba.endpoints.device import TlsTarget
from aoba.endpoints.tls import client_context
from aoba.endpoints.topic import Broker
from aoba.errors import UsageError
from support.certificates import Authority, private_pem


def test_an_encrypted_key_is_refused_rather_than_asked_for(tmp_path):
    mine = Authority(tmp_path).issue("me")
    key = tmp_path / "encrypted.key"
    key.write_bytes(private_pem(ec.generate_private_key(ec.SECP256R1()), b"hush"))

    with pytest.raises(UsageError) as caught:
        client_context(TlsTarget("plc", 802, cert=mine.cert, key=key))

    expected = "its key is encrypted; expected one without a passphrase"
    assert str(caught.value) == f"tls://plc:802: {mine.cert} cannot be used: {expected}"


def test_the_file_that_cannot_be_used_is_named(tmp_path):
    gone = tmp_path / "gone.pem"

    with pytest.raises(UsageError, match=f"^mqtts://b:8883: {gone} cannot be used: No such file"):
        client_context(Broker("b", 8883, tls=True, ca=gone))
