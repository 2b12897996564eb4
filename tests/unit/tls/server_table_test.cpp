// SPDX-License-Identifier: Apache-2.0
#include "tls/server_table.h"

#include <gmock/gmock.h>

#include "unit/tls/forge.h"

namespace elb::test {
namespace {

using testing::HasSubstr;

tls::ServerSettings with(std::vector<tls::SniCertificate> sni) {
  tls::ServerSettings settings;
  settings.listener_id = "listener";
  settings.certificates = {credential("default", issue_for("www.example.com"))};
  settings.sni = std::move(sni);
  return settings;
}

TEST(ServerTable, NeedsACertificate) {  // TLS-11
  const auto table = tls::ServerTable::make({.listener_id = "listener"});
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().field, "certificates");
}

TEST(ServerTable, ErrorsNameTheEntry) {
  const auto certificate = credential("a", issue_for("a.test"));
  const auto field = [](const tls::ServerSettings& settings) {
    const auto table = tls::ServerTable::make(settings);
    return table ? std::string() : table.error().field;
  };
  EXPECT_EQ(field(with({{"a.test", certificate}, {"b test", certificate}})), "sni[1].domain");
  EXPECT_EQ(field(with({{"a.test", certificate}, {"A.test", certificate}, {"a.test.", certificate}})), "sni[2].domain");
  auto three = with({});
  three.certificates = {certificate, certificate, certificate};
  EXPECT_EQ(field(three), "certificates");
  auto bad_ca = with({});
  bad_ca.client_ca = "nothing";
  EXPECT_EQ(field(bad_ca), "client_ca");
}

TEST(ServerTable, FindsByName) {
  const auto table = *tls::ServerTable::make(with(
      {{"a.test", credential("a", issue_for("a.test"))}, {"*.a.test", credential("wild", issue_for("*.a.test"))}}));
  const auto found = [&](std::string_view host) { return table->find(host).credentials.front()->id; };
  EXPECT_EQ(found("a.test"), "a");
  EXPECT_EQ(found("x.a.test"), "wild");
  EXPECT_EQ(found("x.y.a.test"), "default");
  EXPECT_EQ(found("test"), "default");
  EXPECT_EQ(found(""), "default");
}

TEST(ServerTable, BindingTellsListenersAndAuthoritiesApart) {
  const auto binding = [](const std::string& listener, const std::string& ca) {
    auto settings = with({});
    settings.listener_id = listener;
    settings.client_ca = ca;
    return (*tls::ServerTable::make(settings))->binding();
  };
  const std::string ca = issue({.common_name = "ca", .authority = true}).certificate;
  const std::string other = issue({.common_name = "other", .authority = true}).certificate;
  EXPECT_EQ(binding("a", ""), binding("a", ""));
  EXPECT_EQ(binding("a", ca), binding("a", ca));
  EXPECT_NE(binding("a", ""), binding("b", ""));
  EXPECT_NE(binding("a", ""), binding("a", ca));
  EXPECT_NE(binding("a", ca), binding("a", other));
  EXPECT_NE(binding("a", ca), binding("a", ca + other));
}

TEST(Credential, SaysWhatItCannotRead) {
  const auto issued = issue_for("a.test");
  EXPECT_EQ(tls::read_credential("id", "x", issued.private_key).error().field, "certificate");
  EXPECT_EQ(tls::read_credential("id", issued.certificate, "x").error().field, "private_key");
}

}  // namespace
}  // namespace elb::test
