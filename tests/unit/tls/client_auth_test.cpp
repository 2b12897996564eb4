// SPDX-License-Identifier: Apache-2.0
// TLS-14: a client must present a certificate issued by the chosen authority.
#include <gmock/gmock.h>

#include "unit/tls/server_fixture.h"

namespace elb::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ClientAuth : public ServerFixture {
 protected:
  static tls::ServerSettings with_ca(const std::string& ca, const std::string& listener = "listener-1") {
    auto result = settings(listener);
    result.client_ca = ca;
    return result;
  }

  static Issued authority(const std::string& name, int key = 10) {
    return issue({.common_name = name, .key_number = key, .authority = true});
  }

  const Issued ca_ = authority("clients");
  const Issued client_ = issue({.common_name = "alice", .key_number = 11}, &ca_);
};

TEST_F(ClientAuth, AGoodCertificateIsToldToTheCaller) {
  const auto context = this->context(with_ca(ca_.certificate));
  for (const char* protocol : {"TLSv1.2", "TLSv1.3"}) {
    TestClient client({.max_protocol = protocol, .certificate = &client_});
    const auto facts = connect(context, client);
    EXPECT_EQ(facts.client_subject, "CN=alice,O=ELB");
    EXPECT_EQ(facts.client_serial, fmt::format("{:x}", client_.serial));
    EXPECT_EQ(facts.client_fingerprint.size(), 64U);
  }
}

TEST_F(ClientAuth, ControlCharactersOfASubjectAreEscaped) {  // S12
  const Issued evil = issue({.common_name = "a\nb\x1b\"c", .key_number = 11}, &ca_);
  TestClient client({.certificate = &evil});
  const auto facts = connect(context(with_ca(ca_.certificate)), client);
  EXPECT_THAT(facts.client_subject, StartsWith("CN=a\\0Ab\\1B\\\"c,"));
}

TEST_F(ClientAuth, NoneForeignExpiredAndFutureCertificatesAreRefused) {
  const auto context = this->context(with_ca(ca_.certificate));
  const Issued other_ca = authority("clients", 12);  // the same name with another key
  const Issued foreign = issue({.common_name = "alice", .key_number = 11}, &other_ca);
  const Issued expired = issue({.common_name = "alice", .key_number = 11, .from_days = -10, .to_days = -1}, &ca_);
  const Issued future = issue({.common_name = "alice", .key_number = 11, .from_days = 1}, &ca_);
  const Issued self_signed = issue({.common_name = "alice", .key_number = 11});
  const Issued server_only = issue({.common_name = "alice", .key_number = 11, .extended_usage = "serverAuth"}, &ca_);
  const struct {
    const Issued* certificate;
    const char* why;
  } cases[] = {{nullptr, "peer did not return a certificate"}, {&foreign, "certificate signature failure"},
               {&expired, "certificate has expired"},          {&future, "certificate is not yet valid"},
               {&self_signed, "self-signed certificate"},      {&server_only, "unsuitable certificate purpose"}};
  for (const char* protocol : {"TLSv1.2", "TLSv1.3"}) {
    for (const auto& test : cases) {
      TestClient client({.max_protocol = protocol, .certificate = test.certificate});
      EXPECT_THAT(refusal(context, client), HasSubstr(test.why)) << protocol;
    }
  }
}

TEST_F(ClientAuth, OneOfSeveralAuthoritiesIsEnough) {
  const Issued second = authority("second", 13);
  const Issued bob = issue({.common_name = "bob", .key_number = 14}, &second);
  const auto context = this->context(with_ca(ca_.certificate + second.certificate));
  for (const Issued* certificate : {&client_, &bob}) {
    TestClient client({.certificate = certificate});
    EXPECT_NE(connect(context, client).client_subject, "");
  }
}

TEST_F(ClientAuth, AnIntermediateAuthorityMayBeTheTrustedOne) {
  const Issued middle = issue({.common_name = "middle", .key_number = 15, .authority = true}, &ca_);
  const Issued carol = issue({.common_name = "carol", .key_number = 16}, &middle);
  const auto context = this->context(with_ca(middle.certificate));
  TestClient client({.certificate = &carol});
  EXPECT_EQ(connect(context, client).client_subject, "CN=carol,O=ELB");
  TestClient sibling({.certificate = &client_});  // issued by the root, which is not trusted
  EXPECT_NE(refusal(context, sibling), "");
}

// TLS-14: what the guide's procedure makes: version 1 certificates signed with SHA-1, the authority's by itself.
TEST_F(ClientAuth, Sha1AuthorityOfTheGuide) {
  const Issued old_ca = issue({.common_name = "ELB", .kind = KeyKind::kRsa, .digest = "SHA1", .version1 = true});
  const Issued old_client = issue(
      {.common_name = "client", .kind = KeyKind::kRsa, .key_number = 1, .digest = "SHA1", .version1 = true}, &old_ca);
  const auto context = this->context(with_ca(old_ca.certificate));
  for (const char* protocol : {"TLSv1.2", "TLSv1.3"}) {
    TestClient client({.max_protocol = protocol, .certificate = &old_client});
    EXPECT_EQ(connect(context, client).client_subject, "CN=client,O=ELB");
  }
}

TEST_F(ClientAuth, Md5SignaturesAndTinyKeysAreRefused) {
  const Issued rsa_ca = issue({.common_name = "rsa", .kind = KeyKind::kRsa, .authority = true});
  const auto context = this->context(with_ca(rsa_ca.certificate));
  const Issued md5 = issue({.common_name = "a", .key_number = 11, .digest = "MD5"}, &rsa_ca);
  TestClient weak_digest({.certificate = &md5});
  EXPECT_THAT(refusal(context, weak_digest), HasSubstr("digest algorithm too weak"));
  const Issued tiny = issue({.common_name = "a", .kind = KeyKind::kRsa512}, &rsa_ca);
  // RSA-512 is too short for what TLS 1.3 signs with.
  TestClient weak_key({.max_protocol = "TLSv1.2", .signatures = "RSA+SHA256", .certificate = &tiny});
  EXPECT_NE(refusal(context, weak_key), "");
}

TEST_F(ClientAuth, AnAuthorityThatIsNoCertificateIsNamed) {
  auto table = tls::ServerTable::make(
      with_ca(ca_.certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  ASSERT_TRUE(table);
  const auto context = worker_->make_context(*table);
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().field, "client_ca");
  EXPECT_THAT(context.error().message, StartsWith("certificate 2: "));
}

}  // namespace
}  // namespace elb::test
