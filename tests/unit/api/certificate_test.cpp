// SPDX-License-Identifier: Apache-2.0
// Shows: LS-06, TLS-01, TLS-02, TLS-03, TLS-04, TLS-05, TLS-06, TLS-07, TLS-08, TLS-09, TLS-10, TLS-17, TLS-18, TLS-19.
// Certificates over the API: what is refused and which field is named, what is stored, and that keys never come back.
#include <fmt/core.h>

#include <algorithm>

#include "unit/api/api_fixture.h"
#include "unit/tls/forge.h"

namespace elb::test {
namespace {

using codec::Value;

class CertificateTest : public ApiTest {
 protected:
  CertificateTest() : ApiTest(true) {}

  Answer upload(const std::string& certificate, const std::string& key, const std::string& more = "") {
    Value body = *Value::parse("{" + more + "}");
    body.set("certificate", certificate);
    if (!key.empty()) body.set("private_key", key);
    return post("certificates", body.dump());
  }
  std::string upload_for(const std::string& name) {
    const Issued issued = issue_for(name);
    const Answer made = upload(issued.certificate, issued.private_key, R"("domain":")" + name + "\"");
    EXPECT_EQ(made.status, 201) << made.text;
    return made.body.get("id").as_string();
  }
  void expect_refused(const Answer& answer, const std::string& field, const std::string& text = "") {
    EXPECT_EQ(answer.status, 400) << answer.text;
    EXPECT_EQ(answer.body.get("field").as_string(), field) << answer.text;
    EXPECT_NE(answer.fault().find(text), std::string::npos) << answer.text;
  }
};

TEST_F(CertificateTest, TLS_01_TLS_02_TLS_18_TLS_19_AServerCertificate) {
  const Issued issued = issue({.common_name = "www.example.com", .names = {"www.example.com", "*.a.example"}});
  const Answer made =
      upload(issued.certificate, issued.private_key,
             R"("name":"n","description":"d","type":"server","domain":"WWW.example.com","project_id":"p")");
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string id = made.body.get("id").as_string();
  EXPECT_EQ(id.size(), 32U);
  EXPECT_FALSE(made.body.has("private_key"));
  EXPECT_EQ(made.body.get("domain").as_string(), "www.example.com");
  EXPECT_EQ(made.body.get("type").as_string(), "server");
  EXPECT_EQ(made.body.get("certificate").as_string(), issued.certificate);
  EXPECT_EQ(made.body.get("warnings").size(), 0U) << made.text;
  const std::string expires = made.body.get("expire_time").as_string();
  EXPECT_EQ(expires.size(), 19U);
  EXPECT_EQ(expires[10], ' ') << expires;
  EXPECT_GT(expires, made.body.get("create_time").as_string());

  EXPECT_EQ(service_->model()->certificates.at(id)->private_key, issued.private_key) << "the proxy needs it";
  const std::string dashed =
      id.substr(0, 8) + "-" + id.substr(8, 4) + "-" + id.substr(12, 4) + "-" + id.substr(16, 4) + "-" + id.substr(20);
  for (const std::string& path : {"certificates/" + id, "certificates/" + dashed, std::string("certificates")}) {
    const Answer shown = get(path);
    EXPECT_EQ(shown.status, 200) << path;
    EXPECT_EQ(shown.text.find("private_key"), std::string::npos) << path;
    EXPECT_EQ(shown.text.find("PRIVATE"), std::string::npos) << path;
  }
  EXPECT_EQ(get("certificates").body.get("instance_num").as_int(), 1);
  EXPECT_EQ(get("certificates?name=n").body.get("certificates").size(), 1U);
  EXPECT_EQ(get("certificates?private_key=x").status, 400) << "not a field to search by";
}

TEST_F(CertificateTest, TLS_01_ACaCertificateHasNoKey) {
  const Issued authority = issue({.common_name = "CA", .authority = true});
  const Answer made = upload(authority.certificate, authority.private_key, R"("type":"client")");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body.get("type").as_string(), "client");
  EXPECT_NE(made.body.get("warnings").dump().find("private_key"), std::string::npos);
  EXPECT_EQ(service_->model()->certificates.at(made.body.get("id").as_string())->private_key, "");
  const Issued leaf = issue_for("a.example");
  expect_refused(upload(leaf.certificate, "", R"("type":"client")"), "certificate", "authority");
  expect_refused(upload(leaf.certificate, ""), "private_key", "required");
}

TEST_F(CertificateTest, TLS_03_TLS_04_TLS_05_TLS_06_TLS_07_WhatIsRefusedAndWhy) {
  const Issued root = issue({.common_name = "root", .authority = true});
  const Issued leaf = issue({.common_name = "a.example", .names = {"a.example"}}, &root);
  const Issued other = issue_for("a.example", KeyKind::kRsa);
  expect_refused(upload("MIIB...", leaf.private_key), "certificate");
  expect_refused(upload("-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----\n", leaf.private_key), "certificate",
                 "openssl pkcs7");
  expect_refused(upload(leaf.certificate.substr(0, leaf.certificate.size() - 30), leaf.private_key), "certificate",
                 "line");
  expect_refused(upload(leaf.certificate, encrypted_key_pem(leaf.key, false)), "private_key", "encrypted");
  expect_refused(upload(leaf.certificate, other.private_key), "private_key", "match");
  expect_refused(upload(root.certificate + leaf.certificate, root.private_key), "certificate", "order");
  expect_refused(upload(leaf.certificate + other.certificate, leaf.private_key), "certificate");
  EXPECT_EQ(get("certificates").body.get("certificates").size(), 0U) << "nothing of it was stored";
  EXPECT_EQ(upload(leaf.certificate + root.certificate + "\n\n", leaf.private_key).status, 201) << "TLS-08";
}

TEST_F(CertificateTest, TLS_09_TLS_17_TheDomainIsInTheCertificate) {
  const Issued issued = issue({.common_name = "a.example", .names = {"a.example", "*.b.example"}});
  const auto with = [&](const std::string& domain) {
    return upload(issued.certificate, issued.private_key, R"("domain":")" + domain + "\"");
  };
  EXPECT_EQ(with("a.example").status, 201);
  EXPECT_EQ(with("*.b.example").status, 201);
  EXPECT_EQ(with("x.b.example").status, 201);
  expect_refused(with("c.example"), "domain", "not in the certificate");
  expect_refused(with("x.y.b.example"), "domain", "one level");
  expect_refused(with("a.example,x.b.example"), "domain");
  const Issued expired = issue({.common_name = "a.example", .from_days = -9, .to_days = -2});
  const Answer made = upload(expired.certificate, expired.private_key);
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_NE(made.body.get("warnings").dump().find("expired"), std::string::npos) << made.text;
}

TEST_F(CertificateTest, TLS_10_AChangeIsCheckedAsAWhole) {
  const std::string id = upload_for("a.example");
  const std::string path = "certificates/" + id;
  const Issued fresh = issue_for("a.example", KeyKind::kRsa);
  Value body;
  body.set("certificate", fresh.certificate);
  expect_refused(put(path, body.dump()), "private_key", "match");
  EXPECT_EQ(put(path, body.set("private_key", fresh.private_key).dump()).status, 200);
  EXPECT_EQ(service_->model()->certificates.at(id)->certificate, fresh.certificate);
  EXPECT_EQ(put(path, R"({"name":"renamed","description":"x"})").body.get("name").as_string(), "renamed");
  EXPECT_EQ(service_->model()->certificates.at(id)->private_key, fresh.private_key);
  expect_refused(put(path, R"({"domain":"b.example"})"), "domain");
  expect_refused(put(path, R"({"type":"client"})"), "type");
  expect_refused(put(path, R"({"private_key":null})"), "private_key");
  expect_refused(put(path, R"({"colour":"red"})"), "colour");
  expect_refused(put(path, R"({"admin_state_up":false})"), "admin_state_up");
  EXPECT_EQ(put("certificates/" + kNobody, R"({"name":"x"})").status, 404);
  EXPECT_EQ(put(path, R"({"certificate":{"name":"in an envelope"}})").body.get("name").as_string(), "in an envelope");
}

TEST_F(CertificateTest, TLS_10_LS_06_OnesInUseStay) {
  const std::string id = upload_for("a.example"), sni = upload_for("b.example");
  const std::string lb = make_lb();
  const std::string listener = make_listener(
      lb, 443, "HTTPS",
      fmt::format(R"(,"default_tls_container_ref":"{}","sni_container_refs":["http://keys/v1/containers/{}"])", id,
                  sni));
  EXPECT_EQ(get("listeners/" + listener).body.get("listener").get("sni_container_refs").at(0).as_string(), sni);
  for (const std::string& used : {id, sni}) {
    const Answer refused = del("certificates/" + used);
    EXPECT_EQ(refused.status, 409);
    EXPECT_NE(refused.fault().find(listener), std::string::npos) << refused.text;
  }
  expect_refused(put("certificates/" + sni, R"({"domain":null})"), "sni_container_refs[0]");
  EXPECT_EQ(del("listeners/" + listener).status, 204);
  EXPECT_EQ(del("certificates/" + id).status, 204);
  EXPECT_EQ(get("certificates/" + id).status, 404);
}

}  // namespace
}  // namespace elb::test
