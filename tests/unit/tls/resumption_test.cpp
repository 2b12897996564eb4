// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "unit/tls/server_fixture.h"

namespace elb::test {
namespace {

using std::chrono::hours;
using testing::HasSubstr;

class Resumption : public ServerFixture {
 protected:
  /// A session of a full handshake.
  std::shared_ptr<void> session(const tls::ServerContextPtr& context, ClientOptions options) {
    TestClient client(options);
    EXPECT_FALSE(connect(context, client).resumed);
    EXPECT_NE(client.session(), nullptr);
    return client.session();
  }

  bool resumes(const tls::ServerContextPtr& context, ClientOptions options, std::shared_ptr<void> session) {
    options.session = std::move(session);
    TestClient client(options);
    const bool resumed = connect(context, client).resumed;
    EXPECT_EQ(resumed, client.resumed());
    return resumed;
  }

  void rotate() {
    secrets_ = tls::TicketSecrets::rotate(secrets_.get(), clock_.wall(), random_);
    worker_->set_ticket_secrets(secrets_);
  }
};

const ClientOptions kTls12{.sni = "www.example.com", .max_protocol = "TLSv1.2"};
const ClientOptions kTls13{.sni = "www.example.com", .min_protocol = "TLSv1.3"};

TEST_F(Resumption, ByTicketInBothProtocols) {
  const auto context = this->context(settings());
  for (const auto& options : {kTls12, kTls13}) {
    const auto first = session(context, options);
    EXPECT_TRUE(resumes(context, options, first));
    EXPECT_TRUE(resumes(context, options, first));
  }
}

TEST_F(Resumption, OnAnotherWorkerWithTheSameSecrets) {
  const auto first = session(context(settings()), kTls13);
  auto other = tls::Worker::create(clock_, secrets_);
  ASSERT_TRUE(other);
  auto context = other->make_context(*tls::ServerTable::make(settings()));
  ASSERT_TRUE(context);
  EXPECT_TRUE(resumes(*context, kTls13, first));
}

TEST_F(Resumption, AcrossOneRotationButNotTwo) {
  const auto context = this->context(settings());
  for (const auto& options : {kTls12, kTls13}) {
    const auto first = session(context, options);
    clock_.advance(hours(8));  // the next secret was there before its epoch began
    EXPECT_TRUE(resumes(context, options, first)) << "rotation is a little late";
    rotate();
    EXPECT_TRUE(resumes(context, options, first));
    clock_.advance(hours(8));
    EXPECT_FALSE(resumes(context, options, first)) << "even if nobody rotates";
    rotate();
    EXPECT_FALSE(resumes(context, options, first));
  }
}

TEST_F(Resumption, AnOldTicketIsRenewed) {
  const auto context = this->context(settings());
  auto options = kTls12;
  options.session = session(context, options);
  clock_.advance(hours(8));
  rotate();
  TestClient client(options);
  EXPECT_TRUE(connect(context, client).resumed);
  clock_.advance(hours(8));
  rotate();
  EXPECT_TRUE(resumes(context, kTls12, client.session()));
}

TEST_F(Resumption, SteppingTheClockOnlyCostsFullHandshakes) {  // R11
  const auto context = this->context(settings());
  const auto first = session(context, kTls13);
  for (const auto step : {hours(24), hours(-48), hours(24)}) {
    clock_.step_wall(step);
    TestClient client(kTls13);
    connect(context, client);
  }
  EXPECT_TRUE(resumes(context, kTls13, first));
}

// Robustness S5, CVE-2025-23419: 1,000 attempts to carry a session over to a listener that demands a certificate.
TEST_F(Resumption, NeverAcrossListenersOrClientAuthentication) {
  const Issued ca = issue({.common_name = "clients", .key_number = 10, .authority = true});
  const Issued alice = issue({.common_name = "alice", .key_number = 11}, &ca);
  const Issued other_ca = issue({.common_name = "others", .key_number = 12, .authority = true});
  auto guarded_settings = settings("guarded");
  guarded_settings.client_ca = ca.certificate;
  auto stricter_settings = settings("guarded");  // the same listener after its authority was changed
  stricter_settings.client_ca = other_ca.certificate;
  const auto open = context(settings("open"));
  const auto open_twin = context(settings("open-twin"));
  const auto guarded = context(guarded_settings);
  const auto stricter = context(stricter_settings);
  const auto unguarded = context(settings("guarded"));  // and before it had one
  int went_through = 0;
  int resumed = 0;
  for (int attempt = 0; attempt < 250; ++attempt) {
    auto options = attempt % 2 == 0 ? kTls12 : kTls13;
    const auto stolen = session(attempt % 4 < 2 ? open : unguarded, options);
    auto with_certificate = options;
    with_certificate.certificate = &alice;
    const auto proven = session(guarded, with_certificate);
    if (attempt < 4) {  // where they come from, both are good
      EXPECT_TRUE(resumes(attempt % 4 < 2 ? open : unguarded, options, stolen));
      EXPECT_TRUE(resumes(guarded, options, proven));
    }
    for (const auto& [target, ticket] :
         {std::pair(guarded, stolen), std::pair(stricter, proven), std::pair(stricter, stolen)}) {
      options.session = ticket;
      TestClient client(options);
      went_through += refusal(target, client).empty() ? 1 : 0;
      resumed += client.resumed() ? 1 : 0;
    }
    resumed += resumes(open_twin, kTls13, stolen) ? 1 : 0;
  }
  EXPECT_EQ(went_through, 0);
  EXPECT_EQ(resumed, 0);
}

TEST_F(Resumption, AClientCertificateIsKnownAgain) {
  const Issued ca = issue({.common_name = "clients", .key_number = 10, .authority = true});
  const Issued alice = issue({.common_name = "alice", .key_number = 11}, &ca);
  auto guarded = settings();
  guarded.client_ca = ca.certificate;
  const auto context = this->context(guarded);
  for (auto options : {kTls12, kTls13}) {
    options.certificate = &alice;
    options.session = session(context, options);
    options.certificate = nullptr;
    TestClient client(options);
    const auto facts = connect(context, client);
    EXPECT_TRUE(facts.resumed);
    EXPECT_EQ(facts.client_subject, "CN=alice,O=ELB");
  }
}

TEST_F(Resumption, NotToAnotherNameWithAnotherCertificate) {
  auto names = settings();
  names.sni = {{"a.example.com", credential("a", issue_for("a.example.com"))},
               {"*.example.com", credential("wild", issue_for("*.example.com"))}};
  const auto context = this->context(names);
  for (auto options : {kTls12, kTls13}) {
    options.sni = "a.example.com";
    const auto first = session(context, options);
    options.sni = "b.example.com";
    EXPECT_FALSE(resumes(context, options, first));
    options.sni = "a.example.com";
    EXPECT_TRUE(resumes(context, options, first));
  }
}

TEST_F(Resumption, ATamperedTicketIsAFullHandshake) {
  const auto context = this->context(settings());
  secrets_ = tls::TicketSecrets::rotate(nullptr, clock_.wall(), random_);  // other secrets for the same epochs
  const auto first = session(context, kTls13);
  worker_->set_ticket_secrets(secrets_);
  EXPECT_FALSE(resumes(context, kTls13, first));
}

TEST(TicketSecrets, RotationKeepsWhatIsStillOfUse) {
  ManualClock clock;
  SeededRandom random(7);
  auto secrets = tls::TicketSecrets::rotate(nullptr, clock.wall(), random);
  ASSERT_EQ(secrets->entries().size(), 2U);  // nobody has a ticket of the previous epoch
  EXPECT_EQ(secrets->current(clock.wall()), 0U);
  const auto again = tls::TicketSecrets::rotate(secrets.get(), clock.wall(), random);
  EXPECT_EQ(again->entries()[0].secret, secrets->entries()[0].secret);
  EXPECT_EQ(again->entries()[1].secret, secrets->entries()[1].secret);
  clock.advance(hours(8));
  EXPECT_EQ(again->current(clock.wall()), 1U);
  const auto later = tls::TicketSecrets::rotate(again.get(), clock.wall(), random);
  ASSERT_EQ(later->entries().size(), 3U);
  EXPECT_EQ(later->entries()[0].secret, secrets->entries()[0].secret);
  EXPECT_EQ(later->entries()[1].secret, secrets->entries()[1].secret);
  EXPECT_NE(later->entries()[2].secret, later->entries()[1].secret);
  clock.advance(hours(80));
  const auto much_later = tls::TicketSecrets::rotate(later.get(), clock.wall(), random);
  ASSERT_EQ(much_later->entries().size(), 2U);
  EXPECT_EQ(much_later->entries()[0].epoch, much_later->epoch_at(clock.wall()));
}

}  // namespace
}  // namespace elb::test
