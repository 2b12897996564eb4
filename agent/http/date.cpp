// SPDX-License-Identifier: Apache-2.0
#include "http/date.h"

#include <algorithm>
#include <chrono>

namespace elb::http {
namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr int64_t kFirst = -62'135'596'800;  // 0001-01-01 00:00:00
constexpr int64_t kLast = 253'402'300'799;   // 9999-12-31 23:59:59

}  // namespace

HttpDate::HttpDate(int64_t unix_seconds) {
  using namespace std::chrono;
  const sys_seconds when{seconds(std::clamp(unix_seconds, kFirst, kLast))};
  const sys_days day = floor<days>(when);
  const year_month_day date{day};
  const hh_mm_ss time{when - day};
  char* at = text_.data();
  const auto put = [&](std::string_view text) { at = std::copy(text.begin(), text.end(), at); };
  const auto put_digits = [&](unsigned number, int digits) {
    for (int i = digits - 1; i >= 0; --i, number /= 10) at[i] = static_cast<char>('0' + number % 10);
    at += digits;
  };
  put(kDays.substr(weekday{day}.c_encoding() * 3, 3));
  put(", ");
  put_digits(static_cast<unsigned>(date.day()), 2);
  put(" ");
  put(kMonths.substr((static_cast<unsigned>(date.month()) - 1) * 3, 3));
  put(" ");
  put_digits(static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put(" ");
  put_digits(static_cast<unsigned>(time.hours().count()), 2);
  put(":");
  put_digits(static_cast<unsigned>(time.minutes().count()), 2);
  put(":");
  put_digits(static_cast<unsigned>(time.seconds().count()), 2);
  put(" GMT");
}

}  // namespace elb::http
