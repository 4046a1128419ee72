"""The judgement of tests/synth-quality: prints each figure beside its bound, and fails when one is out of it.

Arguments: the folder of generated files, and the folder of reference data, which may be absent.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa
from scipy import stats
from sdmetrics.reports.single_table import QualityReport
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from stdnum import iban, luhn
from stdnum.in_ import aadhaar, gstin, pan
from stdnum.us import rtn

warnings.filterwarnings("ignore")
made, reference = Path(sys.argv[1]), Path(sys.argv[2])
failed = []

# Rows that the quality report compares; its pair trends take time with the square of columns.
REPORT_ROWS = 100_000


def judge(name, value, least=-np.inf, most=np.inf):
    holds = least <= value <= most
    bound = " ".join(
        part
        for part in (f">= {least}" if least > -np.inf else "", f"<= {most}" if most < np.inf else "")
        if part
    )
    print(f"{'ok  ' if holds else 'FAIL'} {name}: {value:.5g} ({bound})", flush=True)
    if not holds:
        failed.append(name)


def transactions(folder):
    parts = sorted((made / folder).glob("transactions-*.parquet"))
    return pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)


def table(folder, entity):
    [path] = (made / folder).glob(f"*{entity}.csv")
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def sdtypes(frame):
    ids = {"transaction_id", "customer_id", "merchant_id", "device_id", "counterparty_id"}
    numbers = {"amount", "lat", "lon"}

    def sdtype(column):
        if column in ids:
            return "id"
        if column in numbers:
            return "numerical"
        if column == "timestamp":
            return "datetime"
        return "boolean" if column == "is_fraud" else "categorical"

    return {"columns": {column: {"sdtype": sdtype(column)} for column in frame}, "primary_key": "transaction_id"}


def quality(one, two):
    def prepared(frame):
        frame = frame.head(REPORT_ROWS).copy()
        frame["amount"] = frame["amount"].astype(float)
        frame["timestamp"] = frame["timestamp"].dt.tz_localize(None)
        return frame

    report = QualityReport()
    report.generate(prepared(one), prepared(two), sdtypes(one), verbose=False)
    scores = report.get_properties().set_index("Property")["Score"]
    judge("SDMetrics quality of seed 2 against seed 1", report.get_score(), least=0.95)
    judge("  column shapes", scores["Column Shapes"], least=0.95)
    judge("  column pair trends", scores["Column Pair Trends"], least=0.95)


def refused(validate, values):
    def is_refused(value):
        try:
            validate(value)
        except Exception:
            return True
        return False

    return sum(map(is_refused, values))


def identifiers():
    people, shops = table("people-in", "customers"), table("people-in", "merchants")
    judge("customers of locale in", len(people), least=20_000)
    judge("merchants of locale in", len(shops), least=2_000)
    for column, validate in [("pan", pan.validate), ("aadhaar", aadhaar.validate), ("card_number", luhn.validate)]:
        judge(f"in: {column} that python-stdnum refuses", refused(validate, people[column]), most=0)
    judge("in: gstin that python-stdnum refuses", refused(gstin.validate, shops["gstin"]), most=0)
    judge("in: ifsc of another form", (~people["ifsc"].str.fullmatch(r"[A-Z]{4}0[A-Z0-9]{6}")).sum(), most=0)
    people = table("people-us", "customers")
    for column, validate in [("routing_number", rtn.validate), ("card_number", luhn.validate)]:
        judge(f"us: {column} that python-stdnum refuses", refused(validate, people[column]), most=0)
    judge("us: ssn outside the areas never issued", (~people["ssn"].str.fullmatch(r"9\d\d-?\d\d-?\d{4}")).sum(), most=0)
    for locale in ("in", "us"):
        held = table(f"people-{locale}", "customers")["iban"]
        held = held[held != ""]
        judge(f"{locale}: customers with an iban", len(held), least=1)
        judge(f"{locale}: iban that python-stdnum refuses", refused(iban.validate, held), most=0)


def schema(frame):
    text = lambda pattern, **rest: pa.Column(str, pa.Check.str_matches(pattern), **rest)
    typologies = [
        "card_testing", "account_takeover", "velocity", "geo_impossible",
        "merchant_collusion", "mule_chain", "refund_abuse",
    ]
    rules = pa.DataFrameSchema(
        {
            "transaction_id": text(r"^t\d{11}$", unique=True),
            "customer_id": text(r"^c\d{10}$"),
            "merchant_id": text(r"^m\d{7}$", nullable=True),
            "category": pa.Column(str),
            "amount": pa.Column(float, pa.Check.gt(0)),
            "currency": pa.Column(str, pa.Check.eq("INR")),
            "timestamp": pa.Column(
                "datetime64[ms, UTC]",
                # The days of the period in Indian time.
                pa.Check.in_range(pd.Timestamp("2024-09-30T18:30Z"), pd.Timestamp("2024-12-31T18:29:59.999Z")),
            ),
            "channel": pa.Column(str),
            "city": pa.Column(str),
            "state": pa.Column(str),
            "lat": pa.Column(float, pa.Check.in_range(6, 38)),
            "lon": pa.Column(float, pa.Check.in_range(68, 98)),
            "device_id": pa.Column(str),
            "counterparty_id": text(r"^c\d{10}$", nullable=True),
            "status": pa.Column(str, pa.Check.isin(["success", "failed", "pending", "refunded"])),
            "is_fraud": pa.Column(bool),
            "fraud_type": pa.Column(str, pa.Check.isin(typologies), nullable=True),
        },
        checks=[
            pa.Check(lambda rows: rows["merchant_id"].isna() != rows["counterparty_id"].isna()),
            pa.Check(lambda rows: rows["fraud_type"].notna() == rows["is_fraud"]),
        ],
        strict=True,
        ordered=True,
    )
    frame = frame.assign(amount=frame["amount"].astype(float), timestamp=frame["timestamp"].astype("datetime64[ms, UTC]"))
    try:
        rules.validate(frame, lazy=True)
        faults = 0
    except pa.errors.SchemaErrors as errors:
        faults = len(errors.failure_cases)
        print(errors.failure_cases[["column", "check", "failure_case"]].head(5).to_string())
    judge("rows or columns that the pandera schema refuses", faults, most=0)


def features(frame):
    frame = frame.sort_values(["customer_id", "timestamp", "transaction_id"]).reset_index(drop=True)
    by_customer = frame.groupby("customer_id")
    local = frame["timestamp"].dt.tz_convert("Asia/Kolkata")
    since = by_customer["timestamp"].diff().dt.total_seconds()
    km = np.hypot(by_customer["lat"].diff(), by_customer["lon"].diff()) * 111
    amount = np.log(frame["amount"].astype(float))
    known = pd.DataFrame(
        {
            "amount": amount,
            "above_own_mean": amount - amount.groupby(frame["customer_id"]).transform("mean"),
            "hour": local.dt.hour,
            "weekday": local.dt.weekday,
            "since": since,
            "since_before": since.groupby(frame["customer_id"]).shift(1),
            "km": km,
            "kmh": km / (since / 3600 + 0.05),
            "new_device": frame["device_id"] != by_customer["device_id"].shift(1),
            "to_customer": frame["merchant_id"].isna(),
        }
    )
    for column in ("category", "channel", "status"):
        known[column] = frame[column].astype("category").cat.codes
    return known.astype(float), frame["is_fraud"]


def fraud(one, two):
    for name, frame in (("1", one), ("2", two)):
        interval = stats.binom.interval(0.9999, len(frame), 0.01)
        share = frame["is_fraud"].sum()
        judge(f"fraud rows of seed {name}", share, least=interval[0], most=interval[1])
    (known, labels), (other, found) = features(one), features(two)
    model = HistGradientBoostingClassifier(random_state=0).fit(known, labels)
    judge("AUC on seed 2 of a classifier of seed 1", roc_auc_score(found, model.predict_proba(other)[:, 1]), 0.6, 0.999)
    alone = max(
        (max(auc, 1 - auc), column)
        for column in other
        for auc in [roc_auc_score(found, other[column].fillna(-1))]
    )
    print(f"     the best single feature is {alone[1]}: AUC {alone[0]:.3f}")


def effect(found, shares):
    shares = pd.Series(shares) / sum(shares.values())
    expected = shares * len(found)
    counts = found.value_counts().reindex(shares.index, fill_value=0)
    return np.sqrt((((counts - expected) ** 2) / expected).sum() / len(found) / (len(shares) - 1))


def published(frame):
    path = reference / "india_upi_reference_2024q4.json"
    if not path.exists():
        print(f"skipped: {path} is absent, so shares are not compared with the published ones")
        return
    figures = json.loads(path.read_text())
    shares = {name: value["share_of_count"] for name, value in figures["category"].items()}
    judge("Cramer's V of categories against PhonePe", effect(frame["category"], shares), most=0.02)
    judge("Cramer's V of states against PhonePe", effect(frame["state"], figures["state_share_of_count"]), most=0.02)
    means = frame["amount"].astype(float).groupby(frame["category"]).mean()
    for name, value in figures["category"].items():
        judge(f"mean ticket of {name} against PhonePe", means[name] / value["mean_ticket_inr"], 0.98, 1.02)


def imitation():
    path = reference / "cdnow_sample_transactions.csv"
    if not path.exists():
        print(f"skipped: {path} is absent, so nothing real is imitated")
        return
    real, like = pd.read_csv(path), pd.read_csv(made / "fit" / "imitation.csv")
    positive = lambda frame: np.log(frame["amount"][frame["amount"] > 0])
    judge("CDNOW: KS of log amounts", stats.ks_2samp(positive(real), positive(like)).statistic, most=0.03)
    once = lambda frame: (frame["customer_id"].value_counts() == 1).mean()
    judge("CDNOW: one-time buyers apart", abs(once(real) - once(like)), most=0.03)
    weekdays = lambda frame: pd.to_datetime(frame["date"]).dt.weekday.value_counts(normalize=True).sort_index()
    judge("CDNOW: weekday shares apart", (weekdays(real) - weekdays(like)).abs().max(), most=0.02)
    rho = lambda frame: stats.spearmanr(frame["qty"], frame["amount"]).statistic
    judge("CDNOW: Spearman of quantity and amount apart", abs(rho(real) - rho(like)), most=0.05)
    ordered = lambda frame: frame.assign(date=pd.to_datetime(frame["date"])).sort_values(["customer_id", "date"])
    gaps = lambda frame: ordered(frame).groupby("customer_id")["date"].diff().dropna().dt.days
    judge("CDNOW: KS of days between purchases", stats.ks_2samp(gaps(real), gaps(like)).statistic, most=0.05)
    rows = lambda frame: set(map(tuple, frame[["date", "qty", "amount"]].astype(str).values))
    shared = len(rows(real) & rows(like)) / len(rows(like))
    print(f"     {shared:.1%} of imitated purchases coincide with a real one in day, quantity and amount")


one, two = transactions("one"), transactions("two")
schema(one)
identifiers()
fraud(one, two)
published(one)
imitation()
quality(one, two)
if failed:
    sys.exit(f"{len(failed)} of the figures are out of their bounds: {', '.join(failed)}")
