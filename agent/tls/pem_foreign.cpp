// SPDX-License-Identifier: Apache-2.0
// What a user uploads in place of PEM, told by the first bytes, and the command that converts it (TLS-03).
#include <optional>

#include "tls/pem.h"

namespace elb::tls {
namespace {

constexpr std::string_view kDerCertificate =
    "is DER, not PEM; convert it: openssl x509 -inform DER -in certificate.cer -out certificate.pem";
constexpr std::string_view kDerRsaKey =
    "is a DER key, not PEM; convert it: openssl rsa -inform DER -in privatekey.der -out privatekey.pem";
constexpr std::string_view kDerEcKey =
    "is a DER key, not PEM; convert it: openssl ec -inform DER -in privatekey.der -out privatekey.pem";
constexpr std::string_view kP7bDer =
    "is PKCS#7 (P7B), not PEM; convert it: openssl pkcs7 -inform DER -print_certs -in certificate.p7b -out "
    "certificate.pem";
constexpr std::string_view kP7bPem =
    "is PKCS#7 (P7B); convert it: openssl pkcs7 -print_certs -in certificate.p7b -out certificate.pem";
constexpr std::string_view kPfx =
    "is PKCS#12 (PFX), not PEM; convert it: openssl pkcs12 -nokeys -in certificate.pfx -out certificate.pem and "
    "openssl pkcs12 -nocerts -nodes -in certificate.pfx -out privatekey.pem";
constexpr std::string_view kOpenSsh =
    "is an OpenSSH key; convert a copy of it: ssh-keygen -p -N '' -m PEM -f privatekey";
constexpr std::string_view kRequest =
    "is a certificate request; send it to a certificate authority and upload the certificate that comes back";

// OID 1.2.840.113549.1.7.2, signedData, as DER
constexpr std::string_view kSignedData("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 11);

/// The contents of a DER SEQUENCE at the start of the text, as far as they are there.
std::optional<std::string_view> sequence(std::string_view text) {
  if (text.size() < 8 || text[0] != 0x30) return std::nullopt;
  const auto length = static_cast<unsigned char>(text[1]);
  if (length < 0x80) return text.substr(2);
  const size_t octets = length & 0x7FU;  // 0: indefinite form (BER), which some PFX and P7B files use
  if (octets > 4) return std::nullopt;
  return text.substr(2 + octets);
}

}  // namespace

std::string foreign_format(std::string_view text) {
  const auto has = [text](std::string_view marker) { return text.find(marker) != std::string_view::npos; };
  if (has("-----BEGIN PKCS7-----") || has("-----BEGIN PKCS #7 SIGNED DATA-----")) return std::string(kP7bPem);
  if (has("-----BEGIN OPENSSH PRIVATE KEY-----")) return std::string(kOpenSsh);
  if (has("-----BEGIN CERTIFICATE REQUEST-----") || has("-----BEGIN NEW CERTIFICATE REQUEST-----"))
    return std::string(kRequest);
  const auto contents = sequence(text);
  if (!contents) return {};
  if (contents->starts_with(kSignedData)) return std::string(kP7bDer);
  if (contents->starts_with(std::string_view("\x02\x01\x03", 3))) return std::string(kPfx);
  if (contents->starts_with(std::string_view("\x02\x01\x01\x04", 4))) return std::string(kDerEcKey);
  // PKCS#1 and PKCS#8 both begin with version 0; after it PKCS#1 has the modulus, PKCS#8 a SEQUENCE with the
  // algorithm, whose OID tells EC (1.2.840.10045.2.1) from RSA.
  if (contents->starts_with(std::string_view("\x02\x01\x00", 3))) {
    const bool ec = contents->substr(0, 32).find("\x2a\x86\x48\xce\x3d\x02\x01") != std::string_view::npos;
    return std::string(ec ? kDerEcKey : kDerRsaKey);
  }
  // No certificate is shorter than 128 bytes; and 0x30 0x30 is also how "00" is written.
  const bool long_form = static_cast<unsigned char>(text[1]) >= 0x80;
  if (long_form && contents->starts_with('\x30')) return std::string(kDerCertificate);
  return {};
}

}  // namespace elb::tls
