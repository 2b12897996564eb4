// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "unit/tls/forge.h"

namespace elb::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const WallTime kNow = std::chrono::system_clock::now();

Result<tls::CheckedCertificate> check(const std::string& certificate, const std::string& key,
                                      const std::string& domain = {}) {
  return tls::check_server_certificate(certificate, key, domain, kNow);
}

struct Chain {
  Issued root = issue({.common_name = "root", .key_number = 1, .authority = true});
  Issued middle = issue({.common_name = "middle", .key_number = 2, .authority = true}, &root);
  Issued leaf = issue(
      {.common_name = "www.example.com", .names = {"www.example.com", "*.example.org"}, .key_number = 3}, &middle);
};

TEST(ServerCertificate, FactsOfAGoodOne) {
  const Chain chain;
  const auto checked = check(chain.leaf.certificate + chain.middle.certificate + chain.root.certificate,
                             chain.leaf.private_key, "WWW.example.com.");
  ASSERT_TRUE(checked) << checked.error().to_string();
  EXPECT_THAT(checked->warnings, IsEmpty());
  EXPECT_EQ(checked->domain, "www.example.com");
  EXPECT_EQ(checked->certificate, chain.leaf.certificate + chain.middle.certificate + chain.root.certificate);
  EXPECT_EQ(checked->private_key, chain.leaf.private_key);
  ASSERT_EQ(checked->chain.size(), 3U);
  const auto& leaf = checked->chain.front();
  EXPECT_EQ(leaf.subject, "CN=www.example.com,O=ELB");
  EXPECT_EQ(leaf.issuer, "CN=middle,O=ELB");
  EXPECT_EQ(leaf.serial, fmt::format("{:x}", chain.leaf.serial));
  EXPECT_EQ(leaf.fingerprint.size(), 64U);
  EXPECT_EQ(leaf.algorithm, "ECDSA");
  EXPECT_EQ(leaf.bits, 256);
  EXPECT_THAT(leaf.names, ElementsAre("www.example.com", "*.example.org"));
  EXPECT_FALSE(leaf.expired(kNow));
  EXPECT_TRUE(leaf.expired(leaf.not_after + std::chrono::seconds(1)));  // TLS-18
  EXPECT_NEAR(static_cast<double>(std::chrono::duration_cast<std::chrono::hours>(leaf.not_after - kNow).count()),
              24.0 * 30, 1.0);
}

TEST(ServerCertificate, KeysInAllForms) {  // TLS-05, X-7
  for (const auto kind : {KeyKind::kRsa, KeyKind::kEc, KeyKind::kEc384}) {
    const auto issued = issue_for("a.test", kind);
    const std::string traditional = traditional_key_pem(issued.key);
    EXPECT_THAT(traditional, HasSubstr(kind == KeyKind::kRsa ? "BEGIN RSA PRIVATE KEY" : "BEGIN EC PRIVATE KEY"));
    for (const auto& key :
         {issued.private_key, traditional,
          "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + traditional,
          issued.certificate + issued.private_key}) {
      const auto checked = check(issued.certificate, key);
      ASSERT_TRUE(checked) << key << checked.error().to_string();
      EXPECT_THAT(key, HasSubstr(checked->private_key));
      EXPECT_TRUE(check(checked->certificate, checked->private_key)) << "what was stored is accepted again";
    }
  }
}

TEST(ServerCertificate, Refusals) {
  const Chain chain;
  const auto rsa = issue_for("a.test", KeyKind::kRsa);
  const auto weak = issue_for("a.test", KeyKind::kRsa512);
  const auto koblitz = issue_for("a.test", KeyKind::kEcOther);
  const auto edwards = issue_for("a.test", KeyKind::kEd25519);
  const std::string broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const std::string& leaf = chain.leaf.certificate;
  const std::string& key = chain.leaf.private_key;
  const std::string no_footer = leaf.substr(0, leaf.find("-----END"));
  const struct {
    const char* name;
    std::string certificate, key, domain, field, message;
  } cases[] = {
      {"TLS-01 no key", leaf, "", "", "private_key", "is required"},
      {"TLS-01 no certificate", "", key, "", "certificate", "is required"},
      {"TLS-04 no footer", no_footer, key, "", "certificate", "-----END CERTIFICATE----- is missing"},
      {"TLS-04 not base64", std::string(leaf).replace(40, 1, "!"), key, "", "certificate",
       "line 2: not base64: '!' in column"},
      {"TLS-04 no X.509", leaf + broken, key, "", "certificate", "line "},
      {"TLS-05 encrypted PKCS#8", leaf, encrypted_key_pem(chain.leaf.key, false), "", "private_key",
       "the key is encrypted; remove the password: openssl pkey"},
      {"TLS-05 encrypted SEC1", leaf, encrypted_key_pem(chain.leaf.key, true), "", "private_key",
       "the key is encrypted; remove the password: openssl ec"},
      {"TLS-05 encrypted PKCS#1", rsa.certificate, encrypted_key_pem(rsa.key, true), "", "private_key",
       "encrypted; remove the password: openssl rsa"},
      {"key is a certificate", leaf, leaf, "", "private_key", "has no private key, only CERTIFICATE"},
      {"certificate is a key", key, key, "", "certificate", "has no certificate, only PRIVATE KEY"},
      {"key is damaged", leaf, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "", "private_key",
       "line 1: not a private key"},
      {"TLS-06 mismatch", leaf, rsa.private_key, "", "private_key", "does not match the certificate"},
      {"TLS-06 mismatch, same kind", leaf, chain.root.private_key, "", "private_key", "does not match the certificate"},
      {"TLS-07 root first", chain.root.certificate + chain.middle.certificate + leaf, key, "", "private_key",
       "belongs to certificate 3 of the chain"},
      {"TLS-07 swapped", leaf + chain.root.certificate + chain.middle.certificate, key, "", "certificate",
       "certificate 1 ('CN=www.example.com,O=ELB') was not issued by certificate 2 ('CN=root,O=ELB')"},
      {"TLS-07 gap", leaf + chain.root.certificate, key, "", "certificate", "was not issued by"},
      {"TLS-07 twice", leaf + leaf + chain.middle.certificate, key, "", "certificate", "was not issued by"},
      {"TLS-09 other domain", leaf, key, "www.example.net", "domain",
       "'www.example.net' is not in the certificate, which is for www.example.com, *.example.org"},
      {"TLS-09 wildcard level", leaf, key, "a.b.example.org", "domain", "is not in the certificate"},
      {"TLS-09 wildcard's parent", leaf, key, "example.org", "domain", "is not in the certificate"},
      {"TLS-09 two domains", leaf, key, "www.example.com,a.example.org", "domain", "is not one domain"},
      {"TLS-09 no domain", leaf, key, "no domain", "domain", "is not one domain"},
      {"weak RSA", weak.certificate, weak.private_key, "", "certificate", "RSA key of 512 bits"},
      {"odd curve", koblitz.certificate, koblitz.private_key, "", "certificate", "secp256k1"},
      {"Ed25519", edwards.certificate, edwards.private_key, "", "certificate", "ED25519"},
      {"certificate request", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", key, "",
       "certificate", "is a certificate request"},
      {"OpenSSH key", leaf, "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "",
       "private_key", "ssh-keygen -p"},
  };
  for (const auto& test : cases) {
    const auto checked = check(test.certificate, test.key, test.domain);
    ASSERT_FALSE(checked) << test.name;
    EXPECT_EQ(checked.error().field, test.field) << test.name;
    EXPECT_THAT(checked.error().message, HasSubstr(test.message)) << test.name;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(checked.error().message, Not(HasSubstr(key.substr(60, 30)))) << "no secrets in messages (S10)";
  }
}

TEST(ServerCertificate, DomainsThatAreContained) {  // TLS-09
  const Chain chain;
  for (const char* domain : {"", "www.example.com", "a.example.org", "*.example.org"})
    EXPECT_TRUE(check(chain.leaf.certificate, chain.leaf.private_key, domain)) << domain;
  const auto common_name_only = issue({.common_name = "cn.example.com"});
  EXPECT_TRUE(check(common_name_only.certificate, common_name_only.private_key, "cn.example.com"));
  const auto both = issue({.common_name = "CN.example.com", .names = {"san.example.com", "SAN.example.com"}});
  const auto checked = check(both.certificate, both.private_key, "cn.example.com");
  ASSERT_TRUE(checked);
  EXPECT_THAT(checked->chain.front().names, ElementsAre("san.example.com", "cn.example.com"));
  const auto person = issue({.common_name = "Alice Example"});
  EXPECT_EQ(check(person.certificate, person.private_key, "alice").error().message,
            "'alice' is not in the certificate, which is for no host name; a wildcard stands for one level");
}

// TLS-04, TLS-08: whatever the layout, it is stored in one form.
TEST(ServerCertificate, IsNormalised) {
  const auto issued = issue_for("a.test", KeyKind::kRsa);
  const auto relaid = [](const std::string& pem, size_t columns, const std::string& end) {
    const size_t begin = pem.find('\n') + 1;
    const size_t finish = pem.find("-----END");
    std::string base64 = pem.substr(begin, finish - begin);
    base64.erase(std::remove(base64.begin(), base64.end(), '\n'), base64.end());
    std::string text = pem.substr(0, begin - 1) + end;
    for (size_t i = 0; i < base64.size(); i += columns) text += base64.substr(i, columns) + end;
    return text + pem.substr(finish, pem.size() - finish - 1) + end + end;
  };
  for (const size_t columns : {70U, 76U, 5000U}) {
    for (const char* end : {"\n", "\r\n", "\n\n"}) {
      const auto checked = check(relaid(issued.certificate, columns, end), relaid(issued.private_key, columns, end));
      ASSERT_TRUE(checked) << checked.error().to_string();
      EXPECT_EQ(checked->certificate, issued.certificate);
      EXPECT_EQ(checked->private_key, issued.private_key);
    }
  }
}

TEST(ServerCertificate, Warnings) {
  const auto issued = issue_for("a.test");
  const auto warning = [](const Issued& certificate, const std::string& key) {
    const auto checked = check(certificate.certificate, key);
    EXPECT_TRUE(checked) << checked.error().to_string();
    EXPECT_EQ(checked->warnings.size(), 1U);
    return checked->warnings.empty() ? "" : checked->warnings[0].field + ": " + checked->warnings[0].message;
  };
  EXPECT_THAT(warning(issued, issued.private_key + key_pem(make_key(KeyKind::kRsa))),
              HasSubstr("private_key: 1 more private key is ignored"));
  EXPECT_THAT(warning(issue({.from_days = -9, .to_days = -1}), issued.private_key),
              HasSubstr("certificate: certificate 1 ('CN=www.example.com,O=ELB') expired at "));
  EXPECT_THAT(warning(issue({.from_days = 1}), issued.private_key), HasSubstr("is not valid before "));
  EXPECT_THAT(warning(issue({.extended_usage = "clientAuth"}), issued.private_key), HasSubstr("key usage"));
  const auto small = issue_for("a.test", KeyKind::kRsa1024);
  EXPECT_THAT(warning(small, small.private_key), HasSubstr("only 1024 bits"));
}

TEST(ServerCertificate, ExtraKeysOnlyAfterTheRightOne) {
  const auto issued = issue_for("a.test");
  const auto checked = check(issued.certificate, key_pem(make_key(KeyKind::kRsa)) + issued.private_key);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message, "does not match the certificate");
}

TEST(CaCertificate, IsAcceptedAndItsKeyIgnored) {  // TLS-01
  const Chain chain;
  const auto checked =
      tls::check_ca_certificates(chain.root.certificate + chain.middle.certificate, "anything", "a.test", kNow);
  ASSERT_TRUE(checked) << checked.error().to_string();
  EXPECT_EQ(checked->private_key, "");
  EXPECT_EQ(checked->domain, "");
  EXPECT_EQ(checked->chain.size(), 2U);
  ASSERT_EQ(checked->warnings.size(), 2U);
  EXPECT_EQ(checked->warnings[0].field, "private_key");
  EXPECT_EQ(checked->warnings[1].field, "domain");
  EXPECT_THAT(tls::check_ca_certificates(chain.root.certificate, "", "", kNow)->warnings, IsEmpty());
}

TEST(CaCertificate, Version1OfTheGuideIsOne) {  // TLS-14, TLS-15
  const auto old = issue({.common_name = "ELB", .kind = KeyKind::kRsa, .digest = "SHA1", .version1 = true});
  EXPECT_TRUE(tls::check_ca_certificates(old.certificate, "", "", kNow));
}

TEST(CaCertificate, AServersIsRefused) {
  const Chain chain;
  const auto checked = tls::check_ca_certificates(chain.root.certificate + chain.leaf.certificate, "", "", kNow);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().field, "certificate");
  EXPECT_EQ(checked.error().message, "certificate 2 ('CN=www.example.com,O=ELB') is not a certificate authority's");
}

}  // namespace
}  // namespace elb::test
