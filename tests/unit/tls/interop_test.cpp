// SPDX-License-Identifier: Apache-2.0
// Foreign clients over loopback: OpenSSL's and GnuTLS' command lines, and the whole openssl procedure of the guide.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tls/certificate.h"
#include "unit/store/temp_dir.h"
#include "unit/tls/command.h"
#include "unit/tls/forge.h"
#include "unit/tls/loopback_server.h"

namespace elb::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

constexpr const char* kGet = "printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n' | ";

class Interop : public testing::Test {
 protected:
  static tls::ServerSettings two_names() {
    tls::ServerSettings settings;
    settings.listener_id = "listener";
    settings.certificates = {credential("default", issue_for("www.example.com"))};
    settings.sni = {{"a.example.com", credential("cert-a", issue_for("a.example.com"))},
                    {"a.example.com", credential("cert-a-rsa", issue_for("a.example.com", KeyKind::kRsa))}};
    return settings;
  }

  std::string run(const std::string& command) { return run_command(directory_.path(), command).output; }

  TempDir directory_;
};

TEST_F(Interop, OpensslClient) {
  const LoopbackServer server(two_names());
  const auto client = [&](const std::string& options) {
    return run(fmt::format("{} openssl s_client -quiet -connect {} {}", kGet, server.address(), options));
  };
  EXPECT_THAT(client("-servername a.example.com -alpn h2,http/1.1"),
              HasSubstr("ok TLSv1.3 TLS_AES_128_GCM_SHA256 sni=a.example.com alpn=h2 cert=cert-a "));
  EXPECT_THAT(client("-noservername -tls1_2"),
              HasSubstr("ok TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256 sni= alpn= cert=default "));
  EXPECT_THAT(client("-servername a.example.com -sigalgs RSA-PSS+SHA256"), HasSubstr("cert=cert-a-rsa "));
  EXPECT_THAT(client("-tls1_1 -cipher DEFAULT@SECLEVEL=0"), HasSubstr("alert protocol version"));
  // Resumption over a session file.
  client("-servername a.example.com -sess_out session");
  EXPECT_THAT(client("-servername a.example.com -sess_in session"), HasSubstr("resumed=true"));
  EXPECT_THAT(client("-servername www.example.com -sess_in session"), HasSubstr("resumed=false"));
}

TEST_F(Interop, GnutlsClient) {
  const LoopbackServer server(two_names());
  const auto client = [&](const std::string& options) {
    // At the end of its input gnutls-cli leaves without waiting for the answer.
    return run(
        fmt::format("{{ printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'; sleep 2; }} | "
                    "gnutls-cli --insecure --logfile=/dev/null -p {} 127.0.0.1 {}",
                    server.port(), options));
  };
  EXPECT_THAT(client("--sni-hostname=a.example.com --alpn=http/1.1"),
              HasSubstr("ok TLSv1.3 TLS_AES_128_GCM_SHA256 sni=a.example.com alpn=http/1.1 cert=cert-a "));
  EXPECT_THAT(client("--priority=NORMAL:-VERS-TLS1.3 --sni-hostname=www.example.com"),
              HasSubstr("ok TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256 sni=www.example.com "));
  EXPECT_THAT(client("--priority=NORMAL:-GROUP-ALL:+GROUP-SECP256R1 --sni-hostname=a.example.com"),
              HasSubstr("cert=cert-a "));
}

// TLS-15: the guide's procedure (its section 3.8.2), command by command: authority, server, client, PKCS#12.
TEST_F(Interop, TheGuidesProcedure) {
  const auto made = run_command(directory_.path(), R"(set -e
mkdir ca server client
printf '[ req ]\ndistinguished_name = req_distinguished_name\nprompt = no\n[ req_distinguished_name ]\nO = ELB\n' > ca/ca_cert.conf
openssl genrsa -out ca/ca.key 2048
openssl req -out ca/ca.csr -key ca/ca.key -new -config ca/ca_cert.conf
openssl x509 -req -in ca/ca.csr -out ca/ca.crt -sha1 -days 5000 -signkey ca/ca.key
for who in server client; do
  printf '[ req ]\ndistinguished_name = req_distinguished_name\nprompt = no\n[ req_distinguished_name ]\nO = ELB\nCN = www.%s.com\n' $who > $who/$who.conf
  openssl genrsa -out $who/$who.key 2048
  openssl req -out $who/$who.csr -key $who/$who.key -new -config $who/$who.conf
  openssl x509 -req -in $who/$who.csr -out $who/$who.crt -sha1 -CAcreateserial -days 5000 -CA ca/ca.crt -CAkey ca/ca.key
done
openssl pkcs12 -export -clcerts -in client/client.crt -inkey client/client.key -out client/client.p12 -passout pass:guide
)");
  ASSERT_EQ(made.status, 0) << made.output;
  const auto file = [this](const char* name) { return read_file(directory_.file(name)); };
  const WallTime now = std::chrono::system_clock::now();
  const auto authority = tls::check_ca_certificates(file("ca/ca.crt"), "", "", now);
  ASSERT_TRUE(authority) << authority.error().to_string();
  const auto server =
      tls::check_server_certificate(file("server/server.crt"), file("server/server.key"), "www.server.com", now);
  ASSERT_TRUE(server) << server.error().to_string();
  EXPECT_THAT(server->warnings, testing::IsEmpty());

  tls::ServerSettings settings;
  settings.listener_id = "listener";
  settings.certificates = {*tls::read_credential("guide", server->certificate, server->private_key)};
  settings.client_ca = authority->certificate;
  settings.http2 = false;  // the server of these tests knows HTTP/1.1 only
  const LoopbackServer listener(settings);
  const auto curl = [&](const std::string& options) {
    // Debian's curl does not load certificates signed with SHA-1 unless told to.
    return run(fmt::format("OPENSSL_CONF=level0.cnf curl -sS -k --noproxy '*' -w '%{{http_code}}\\n' {} https://{}/",
                           options, listener.address()));
  };
  write_file(directory_.file("level0.cnf"),
             "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = level0\n[level0]\n"
             "CipherString = DEFAULT@SECLEVEL=0\n");
  const std::string accepted = "client=CN=www.client.com,O=ELB";
  EXPECT_THAT(curl("--cert client/client.crt --key client/client.key"),
              AllOf(HasSubstr(accepted), HasSubstr("\n200\n")));
  EXPECT_THAT(curl("--cert-type P12 --cert client/client.p12:guide"), AllOf(HasSubstr(accepted), HasSubstr("\n200\n")));
  EXPECT_THAT(curl("--tlsv1.2 --tls-max 1.2 --cert client/client.crt --key client/client.key"),
              AllOf(HasSubstr("ok TLSv1.2"), HasSubstr("\n200\n")));
  EXPECT_THAT(run(fmt::format("{} openssl s_client -quiet -cipher DEFAULT@SECLEVEL=0 -CAfile ca/ca.crt "
                              "-verify_return_error -cert client/client.crt -key client/client.key -connect {}",
                              kGet, listener.address())),
              AllOf(HasSubstr("HTTP/1.1 200 OK"), HasSubstr(accepted)));
  EXPECT_THAT(curl(""), HasSubstr("000"));
  EXPECT_THAT(listener.seen(), Contains(HasSubstr("peer did not return a certificate")));
}

}  // namespace
}  // namespace elb::test
