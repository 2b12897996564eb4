# SPDX-License-Identifier: Apache-2.0
"""Certificates by the openssl command, the way an operator makes them."""
from lab import run


class Pki:
    """An authority in a directory, and what it issues."""

    def __init__(self, directory, name="authority", key="ec"):
        self.dir, self.name, self.kind = directory, name, key
        directory.mkdir(parents=True, exist_ok=True)
        self.ca, self.ca_key = directory / f"{name}.crt", directory / f"{name}.key"
        self._key(self.ca_key)
        run("openssl", "req", "-x509", "-new", "-sha256", "-days", 30, "-key", self.ca_key, "-subj", f"/O=Lab/CN={name}", "-out", self.ca)

    def _key(self, path):
        if self.kind == "rsa":
            run("openssl", "genrsa", "-out", path, 2048)
        else:
            run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)

    def issue(self, name, *domains, days=10, usage="serverAuth"):
        """(certificate file, key file)."""
        crt, key, csr, extensions = (self.dir / f"{name}.{suffix}" for suffix in ("crt", "key", "csr", "ext"))
        self._key(key)
        run("openssl", "req", "-new", "-key", key, "-subj", f"/O=Lab/CN={domains[0] if domains else name}", "-out", csr)
        names = ",".join(f"DNS:{domain}" for domain in domains)
        extensions.write_text(f"extendedKeyUsage={usage}\n" + (f"subjectAltName={names}\n" if names else ""))
        run("openssl", "x509", "-req", "-sha256", "-in", csr, "-CA", self.ca, "-CAkey", self.ca_key, "-CAcreateserial", "-days", days,
            "-extfile", extensions, "-out", crt)
        return crt, key


def upload(agent, issued, name, kind="server", domain=None):
    """The certificate as a resource; its id. issued: (certificate file, key file), or an authority's file alone."""
    crt, key = issued if isinstance(issued, tuple) else (issued, None)
    fields = {"name": name, "type": kind, "certificate": crt.read_text()}
    if key:
        fields["private_key"] = key.read_text()
    if domain:
        fields["domain"] = domain
    return agent.api("POST", "/v2.0/lbaas/certificates", fields)["id"]
