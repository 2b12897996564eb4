// SPDX-License-Identifier: Apache-2.0
// TLS-03: foreign formats are refused with the command that converts them, and the command as printed does it.
#include <gmock/gmock.h>

#include <regex>

#include "tls/certificate.h"
#include "tls/pem.h"
#include "unit/store/temp_dir.h"
#include "unit/tls/command.h"
#include "unit/tls/forge.h"

namespace elb::test {
namespace {

using testing::HasSubstr;

const WallTime kNow = std::chrono::system_clock::now();

class Convert : public testing::Test {
 protected:
  /// The commands in a message, run where the file lies under the name that they read.
  void run_hint(const std::string& message, const std::string& contents, const std::string& options = {}) {
    static const std::regex hint("openssl .*? -in (\\S+)( -out \\S+)");
    int commands = 0;
    for (std::sregex_iterator it(message.begin(), message.end(), hint), end; it != end; ++it, ++commands) {
      write_file(directory_.file((*it)[1]), contents);
      const auto result = run_command(directory_.path(), it->str() + options);
      EXPECT_EQ(result.status, 0) << it->str() << "\n" << result.output;
    }
    EXPECT_GT(commands, 0) << message;
  }

  std::string made(const std::string& name) { return read_file(directory_.file(name)); }

  TempDir directory_;
  const Issued rsa_ = issue_for("a.test", KeyKind::kRsa);
  const Issued ec_ = issue_for("a.test", KeyKind::kEc);
};

TEST_F(Convert, DerCertificate) {
  const auto refused = tls::check_server_certificate(rsa_.der, rsa_.private_key, "", kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "certificate");
  EXPECT_THAT(refused.error().message, HasSubstr("openssl x509 -inform DER"));
  run_hint(refused.error().message, rsa_.der);
  EXPECT_TRUE(tls::check_server_certificate(made("certificate.pem"), rsa_.private_key, "", kNow));
}

TEST_F(Convert, DerKeys) {
  for (const Issued* issued : {&rsa_, &ec_}) {
    const auto pkcs8 = tls::parse_pem(issued->private_key, "")->front().bytes;
    for (const std::string& der : {key_der(issued->key), pkcs8}) {
      const auto refused = tls::check_server_certificate(issued->certificate, der, "", kNow);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().field, "private_key");
      EXPECT_THAT(refused.error().message,
                  HasSubstr(issued == &rsa_ ? "openssl rsa -inform DER" : "openssl ec -inform DER"));
      run_hint(refused.error().message, der);
      EXPECT_TRUE(tls::check_server_certificate(issued->certificate, made("privatekey.pem"), "", kNow));
    }
  }
}

TEST_F(Convert, Pkcs7) {
  write_file(directory_.file("a.pem"), rsa_.certificate);
  for (const char* form : {"PEM", "DER"}) {
    ASSERT_EQ(run_command(directory_.path(),
                          std::string("openssl crl2pkcs7 -nocrl -certfile a.pem -out a.p7b -outform ") + form)
                  .status,
              0);
    const auto refused = tls::check_server_certificate(made("a.p7b"), rsa_.private_key, "", kNow);
    ASSERT_FALSE(refused) << form;
    EXPECT_THAT(refused.error().message, HasSubstr("-print_certs"));
    run_hint(refused.error().message, made("a.p7b"));
    EXPECT_TRUE(tls::check_server_certificate(made("certificate.pem"), rsa_.private_key, "", kNow));
  }
}

TEST_F(Convert, Pkcs12) {
  write_file(directory_.file("a.pem"), rsa_.certificate);
  write_file(directory_.file("a.key"), rsa_.private_key);
  ASSERT_EQ(
      run_command(directory_.path(), "openssl pkcs12 -export -in a.pem -inkey a.key -out a.pfx -passout pass:x").status,
      0);
  const std::string pfx = made("a.pfx");
  for (const auto& [certificate, key] : {std::pair(pfx, rsa_.private_key), std::pair(rsa_.certificate, pfx)}) {
    const auto refused = tls::check_server_certificate(certificate, key, "", kNow);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("-nocerts -nodes"));
    run_hint(refused.error().message, pfx, " -passin pass:x");
    EXPECT_TRUE(tls::check_server_certificate(made("certificate.pem"), made("privatekey.pem"), "", kNow));
  }
}

TEST_F(Convert, EncryptedKeys) {
  for (const auto& [issued, traditional] :
       {std::pair(&rsa_, true), std::pair(&rsa_, false), std::pair(&ec_, true), std::pair(&ec_, false)}) {
    const std::string encrypted = encrypted_key_pem(issued->key, traditional);
    const auto refused = tls::check_server_certificate(issued->certificate, encrypted, "", kNow);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("encrypted"));
    run_hint(refused.error().message, encrypted, " -passin pass:secret");
    EXPECT_TRUE(tls::check_server_certificate(issued->certificate, made("privatekey.pem"), "", kNow));
  }
}

TEST_F(Convert, TextThatIsNothingGetsNoHint) {
  for (const char* text : {"hello", "0", "00000000000", "{\"a\": 1}"}) EXPECT_EQ(tls::foreign_format(text), "") << text;
}

}  // namespace
}  // namespace elb::test
