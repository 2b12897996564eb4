// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "unit/tls/server_fixture.h"

namespace elb::test {
namespace {

using testing::HasSubstr;
using tls::SecurityPolicy;

class Handshake : public ServerFixture {};

TEST_F(Handshake, NegotiatesTls13WithTheCheapestChoices) {
  const auto context = this->context(settings());
  TestClient client({.sni = "www.example.com", .alpn = "h2,http/1.1", .groups = "P-384:P-256:X25519"});
  const auto facts = connect(context, client);
  EXPECT_EQ(facts.protocol, "TLSv1.3");
  EXPECT_EQ(facts.cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(facts.alpn, "h2");
  EXPECT_EQ(facts.sni, "www.example.com");
  EXPECT_EQ(facts.certificate_id, "cert-default");
  EXPECT_FALSE(facts.resumed);
  EXPECT_EQ(facts.client_subject, "");
  EXPECT_EQ(client.group(), "X25519") << "P-384, which the client offered first, costs ten times as much";
  EXPECT_EQ(client.tickets(), 1);
}

TEST_F(Handshake, SpeaksToClientsWithoutX25519) {
  TestClient client({.groups = "P-256"});
  connect(context(settings()), client);
  EXPECT_EQ(client.group(), "prime256v1");
}

TEST_F(Handshake, RefusesClientsThatKnowOnlyExpensiveGroups) {
  TestClient client({.min_protocol = "TLSv1.3", .groups = "P-384"});
  EXPECT_THAT(refusal(context(settings()), client), HasSubstr("no suitable key share"));
}

TEST_F(Handshake, Tls12PrefersEcdsaAndForwardSecrecy) {
  TestClient client(
      {.max_protocol = "TLSv1.2", .ciphers = "AES256-SHA:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"});
  const auto facts = connect(context(settings()), client);
  EXPECT_EQ(facts.protocol, "TLSv1.2");
  EXPECT_EQ(facts.cipher, "ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST_F(Handshake, AlpnAsTheListenerSays) {
  auto without = settings();
  without.http2 = false;
  const auto h1 = context(without);
  const auto h2 = context(settings());
  const auto alpn = [&](const tls::ServerContextPtr& context, const std::string& offer) {
    TestClient client({.alpn = offer});
    return std::string(connect(context, client).alpn);
  };
  EXPECT_EQ(alpn(h2, "http/1.1,h2"), "h2");
  EXPECT_EQ(alpn(h2, "http/1.1"), "http/1.1");
  EXPECT_EQ(alpn(h1, "h2,http/1.1"), "http/1.1");
  EXPECT_EQ(alpn(h1, "http/1.0"), "http/1.0");
  EXPECT_EQ(alpn(h2, ""), "");
  TestClient foreign({.alpn = "ftp"});
  EXPECT_NE(refusal(h2, foreign), "") << "another protocol must not be answered as HTTP";
  EXPECT_THAT(foreign.error(), HasSubstr("no application protocol"));
  TestClient only_h2({.alpn = "h2"});
  EXPECT_NE(refusal(h1, only_h2), "");
}

TEST_F(Handshake, Tls11DoesNotCarryHttp2) {
  auto old = settings();
  old.policy = SecurityPolicy::kTls11;
  TestClient client({.alpn = "h2,http/1.1", .min_protocol = "TLSv1.1", .max_protocol = "TLSv1.1"});
  EXPECT_EQ(connect(context(old), client).alpn, "http/1.1");
}

// TLS-12
TEST_F(Handshake, ServerNameChoosesExactThenWildcardThenDefault) {
  auto with_sni = settings();
  const auto exact = issue_for("a.example.com");
  const auto wildcard = issue_for("*.example.com");
  const auto deeper = issue_for("*.b.example.com");
  with_sni.sni = {{"*.example.com", credential("cert-wild", wildcard)},
                  {"A.example.com.", credential("cert-a", exact)},
                  {"*.b.example.com", credential("cert-deeper", deeper)}};
  const auto context = this->context(with_sni);
  const struct {
    const char* sni;
    const char* certificate;
  } cases[] = {{"a.example.com", "cert-a"},         {"A.EXAMPLE.COM", "cert-a"},     {"a.example.com.", "cert-a"},
               {"c.example.com", "cert-wild"},      {"b.example.com", "cert-wild"},  {"x.b.example.com", "cert-deeper"},
               {"x.y.example.com", "cert-default"}, {"example.com", "cert-default"}, {"", "cert-default"},
               {"other.test", "cert-default"},      {"localhost", "cert-default"},   {"10.0.0.1", "cert-default"}};
  for (const char* protocol : {"TLSv1.2", "TLSv1.3"}) {
    for (const auto& test : cases) {
      TestClient client({.sni = test.sni, .min_protocol = protocol, .max_protocol = protocol});
      EXPECT_EQ(connect(context, client).certificate_id, test.certificate) << test.sni << " " << protocol;
    }
  }
}

TEST_F(Handshake, TwoCertificatesOfOneNameEcdsaWhereTheClientCan) {
  auto both = settings();
  const auto rsa = issue_for("www.example.com", KeyKind::kRsa);
  const auto ec = issue_for("www.example.com", KeyKind::kEc);
  both.certificates = {credential("rsa", rsa), credential("ec", ec)};
  both.sni = {{"a.example.com", credential("sni-ec", issue_for("a.example.com"))},
              {"a.example.com", credential("sni-rsa", issue_for("a.example.com", KeyKind::kRsa))}};
  const auto context = this->context(both);
  for (const char* protocol : {"TLSv1.2", "TLSv1.3"}) {
    TestClient modern(
        {.min_protocol = protocol, .max_protocol = protocol, .signatures = "RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA256"});
    EXPECT_EQ(connect(context, modern).certificate_id, "ec") << protocol;
    EXPECT_EQ(modern.server_key(), "EC");
    TestClient rsa_only(
        {.min_protocol = protocol, .max_protocol = protocol, .signatures = "RSA-PSS+SHA256:RSA+SHA256"});
    EXPECT_EQ(connect(context, rsa_only).certificate_id, "rsa") << protocol;
    EXPECT_EQ(rsa_only.server_key(), "RSA");
    TestClient named({.sni = "a.example.com", .max_protocol = protocol, .signatures = "RSA-PSS+SHA256:RSA+SHA256"});
    EXPECT_EQ(connect(context, named).certificate_id, "sni-rsa");
  }
}

TEST_F(Handshake, OfTwoCertificatesWithOneKindOfKeyTheFirstIsUsed) {
  auto both = settings();
  both.certificates = {credential("first", issue_for("a.test")), credential("second", issue_for("b.test"))};
  TestClient client;
  EXPECT_EQ(connect(context(both), client).certificate_id, "first");
}

TEST_F(Handshake, P384CertificatesServe) {
  auto p384 = settings();
  p384.certificates = {credential("p384", issue_for("www.example.com", KeyKind::kEc384))};
  const auto context = this->context(p384);
  for (const char* protocol : {"TLSv1.2", "TLSv1.3"}) {
    TestClient client({.max_protocol = protocol});
    EXPECT_EQ(connect(context, client).certificate_id, "p384");
    EXPECT_EQ(client.group(), "X25519");
  }
}

// TLS-07
TEST_F(Handshake, ServesTheChainAsItWasUploaded) {
  const Issued root = issue({.common_name = "root", .key_number = 1, .authority = true});
  const Issued middle = issue({.common_name = "middle", .key_number = 2, .authority = true}, &root);
  const Issued leaf = issue({.common_name = "www.example.com", .key_number = 3}, &middle);
  for (const auto& [chain, length] : {std::pair(std::string(), 1), std::pair(middle.certificate, 2),
                                      std::pair(middle.certificate + root.certificate, 3)}) {
    auto chained = settings();
    chained.certificates = {credential("chain", leaf, chain)};
    TestClient client;
    connect(context(chained), client);
    EXPECT_EQ(client.server_chain_length(), length);
    EXPECT_EQ(client.server_serial(), leaf.serial);
  }
}

// TLS-16
TEST_F(Handshake, PoliciesLimitProtocolsAndCiphers) {
  const struct {
    SecurityPolicy policy;
    bool tls10, tls11, tls12, cbc, static_rsa;
  } cases[] = {{SecurityPolicy::kTls10, true, true, true, true, true},
               {SecurityPolicy::kTls11, false, true, true, true, true},
               {SecurityPolicy::kTls12, false, false, true, true, true},
               {SecurityPolicy::kTls12Strict, false, false, true, false, false}};
  for (const auto& test : cases) {
    auto with_policy = settings();
    with_policy.policy = test.policy;
    with_policy.certificates.push_back(credential("rsa", issue_for("www.example.com", KeyKind::kRsa)));
    const auto context = this->context(with_policy);
    const auto speaks = [&](const char* protocol, const char* ciphers) {
      TestClient client({.min_protocol = protocol, .max_protocol = protocol, .ciphers = ciphers});
      return refusal(context, client).empty();
    };
    const auto name = tls::to_string(test.policy);
    EXPECT_EQ(speaks("TLSv1", "ALL"), test.tls10) << name;
    EXPECT_EQ(speaks("TLSv1.1", "ALL"), test.tls11) << name;
    EXPECT_EQ(speaks("TLSv1.2", "ALL"), test.tls12) << name;
    EXPECT_TRUE(speaks("TLSv1.3", "")) << name;
    EXPECT_EQ(speaks("TLSv1.2", "ECDHE-RSA-AES128-SHA"), test.cbc) << name;
    EXPECT_EQ(speaks("TLSv1.2", "AES128-GCM-SHA256"), test.static_rsa) << name;
    for (const char* never :
         {"aNULL", "eNULL", "DHE-RSA-AES128-GCM-SHA256", "PSK", "CAMELLIA128-SHA", "ARIA128-GCM-SHA256"})
      EXPECT_FALSE(speaks("TLSv1.2", never)) << name << " " << never;
  }
}

TEST_F(Handshake, SignaturesWithSha1OnlyUnderOldPolicies) {
  auto with_rsa = settings();
  with_rsa.certificates = {credential("rsa", issue_for("www.example.com", KeyKind::kRsa))};
  const ClientOptions sha1{.max_protocol = "TLSv1.2", .signatures = "RSA+SHA1"};
  TestClient refused(sha1);
  EXPECT_NE(refusal(context(with_rsa), refused), "");
  with_rsa.policy = SecurityPolicy::kTls10;
  TestClient accepted(sha1);
  EXPECT_EQ(refusal(context(with_rsa), accepted), "");
}

TEST_F(Handshake, PolicyNames) {
  for (const char* name : {"tls-1-0", "tls-1-1", "tls-1-2", "tls-1-2-strict"}) {
    const auto policy = tls::parse_security_policy(name, "tls_ciphers_policy");
    ASSERT_TRUE(policy);
    EXPECT_EQ(tls::to_string(*policy), name);
  }
  const auto unknown = tls::parse_security_policy("tls-9", "tls_ciphers_policy");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().field, "tls_ciphers_policy");
  EXPECT_THAT(unknown.error().message, HasSubstr("tls-9"));
}

// Names go to the access log: what could break a line never becomes one (S12).
TEST_F(Handshake, RefusesServerNamesThatAreNone) {
  const auto context = this->context(settings());
  for (const std::string& bad : {std::string("a\nb"), std::string("a b"), std::string("a\"b"), std::string(".."),
                                 std::string("\xC3\xA4.example.com"), std::string(64, 'a') + ".test"}) {
    TestClient client({.sni = bad});
    EXPECT_EQ(refusal(context, client), "malformed server name") << bad;
    EXPECT_THAT(client.error(), HasSubstr("unrecognized name"));
  }
}

TEST_F(Handshake, ABrokenCertificateFailsItsNameOnly) {
  auto broken = settings();
  const auto good = issue_for("a.example.com");
  auto wrong_key = good;
  wrong_key.private_key = key_pem(make_key(KeyKind::kEc, 77));
  broken.sni = {{"a.example.com", credential("broken", wrong_key)}};
  const auto context = this->context(broken);
  for (int i = 0; i < 2; ++i) {
    TestClient client({.sni = "a.example.com"});
    EXPECT_EQ(refusal(context, client), "the certificate for this name cannot be used");
  }
  TestClient other;
  EXPECT_EQ(connect(context, other).certificate_id, "cert-default");
  EXPECT_EQ(worker_->broken_certificates(), 1U);
  EXPECT_EQ(worker_->loaded_certificates(), 1U);
}

TEST_F(Handshake, GarbageIsAnErrorAndLeavesNoMarkOnOthers) {
  const auto context = this->context(settings());
  for (const std::string garbage :
       {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff", "\x80\x2e\x01\x00\x02", "\0\0\0\0\0\0"}) {
    const auto server = accept(context);
    std::vector<char> room(4096);
    tls::Wire wire{garbage, room};
    const auto step = server->handshake(wire);
    if (step.progress == tls::Progress::kFailed) {
      EXPECT_NE(server->error(), "");
    }
    TestClient client;
    EXPECT_EQ(connect(context, client).protocol, "TLSv1.3");
  }
  const auto server = accept(context);
  std::vector<char> room(4096);
  tls::Wire wire{"GET / HTTP/1.1\r\n\r\n", room};
  EXPECT_EQ(server->handshake(wire).progress, tls::Progress::kFailed);
  EXPECT_EQ(server->error(), "http request");
}

TEST_F(Handshake, ClientRenegotiationIsRefused) {  // S5
  const auto context = this->context(settings());
  TestClient client({.max_protocol = "TLSv1.2"});
  const auto server = accept(context);
  ASSERT_TRUE(shake_hands(client, *server).ok);
  ASSERT_TRUE(client.renegotiate());
  client.advance();
  exchange(client, *server);
  client.advance();
  EXPECT_THAT(client.error(), HasSubstr("no renegotiation"));
  EXPECT_FALSE(client.done());
}

}  // namespace
}  // namespace elb::test
