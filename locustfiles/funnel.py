"""The user funnel of the Saleor shop: 80 % new visitors, 20 % returning customers, all after one hoodie.

    locust -f locustfiles/funnel.py                               a shop of its own, nothing else to start
    locust -f locustfiles/funnel.py --host http://<Saleor DNS>    your shop; SALEOR_HOST does the same

FUNNEL_SPEED=10     makes all waits and form-filling times ten times shorter
SALEOR_LATENCY=50   ms in which the shop started here answers: a number, uniform:FROM:TO, exponential:MEAN
                    or lognormal:MEDIAN[:SIGMA]; lognormal:20 unless given
"""

import logging
import os
import random
import re
import sys
import uuid
from urllib.parse import urlparse

import gevent
from bs4 import BeautifulSoup
from faker import Faker
from locust import HttpLocust, TaskSet, events, task
from locust.exception import RescheduleTask
from locust.runners import WorkerRunner

HOST = os.environ.get("SALEOR_HOST") or None
SPEED = float(os.environ.get("FUNNEL_SPEED") or 1)
LATENCY = os.environ.get("SALEOR_LATENCY") or "lognormal:20"

# milliseconds between two tasks of a user
MIN_WAIT = 5000 / SPEED
MAX_WAIT = 9000 / SPEED

# seconds it takes to fill in a form
ADDRESS_TIME = 30 / SPEED
PAYMENT_TIME = 5 / SPEED

# the shop checks that ZIP and state agree, so these are no matter of chance
PLACES = [
    ("Sandusky", "OH", "44870"),
    ("New York", "NY", "10001"),
    ("Chicago", "IL", "60601"),
    ("San Francisco", "CA", "94103"),
    ("Seattle", "WA", "98101"),
    ("Austin", "TX", "78701"),
    ("Denver", "CO", "80202"),
    ("Boston", "MA", "02108"),
]

fake = Faker(use_weighting=False)  # as often as in real life, names would cost five times as much


class Helpers:
    def step(self, method, url, leads_to=None, **kwargs):
        """Make one request of the funnel; the task is over if it fails.

        The shop answers a form it does not accept with status 200 and the form again. So where `leads_to`
        is given, the path of the page we end up on must match it, or the request counts as failed.
        """
        with self.client.request(method, url, catch_response=True, **kwargs) as response:
            arrived = response.status_code == 200
            path = urlparse(response.url or "").path
            if arrived and leads_to and not re.fullmatch(leads_to, path):
                arrived = False
                response.failure(f"led to {path} instead of {leads_to}")
        if not arrived:
            raise RescheduleTask()  # the user waits and picks its next task
        return response

    def submit(self, page, url, leads_to, data, **kwargs):
        """Send the form that is on a page, with the page's CSRF token."""
        form = dict(data, csrfmiddlewaretoken=self.csrf_token(page.text))
        return self.step("POST", url, leads_to, data=form, headers={"Referer": page.url}, **kwargs)

    def csrf_token(self, page):
        soup = BeautifulSoup(page, "html.parser")
        field = soup.find("input", attrs={"name": "csrfmiddlewaretoken"})
        return field["value"] if field else ""

    def new_email(self):
        return f"{fake.user_name()}.{uuid.uuid4().hex[:12]}@example.com"

    def new_address(self):
        city, state, zip_code = random.choice(PLACES)
        return {
            "first_name": fake.first_name(),
            "last_name": fake.last_name(),
            "company_name": "",
            "street_address_1": fake.street_address(),
            "street_address_2": "",
            "city": city,
            "city_area": "",
            "country_area": state,
            "postal_code": zip_code,
            "country": "US",
            "phone_0": "",
            "phone_1": "",
        }


class SharedTasks(Helpers):
    def register_user(self):
        page = self.step("GET", "/account/signup/")
        account = {"email": self.new_email(), "password": fake.password()}
        self.submit(page, "/account/signup/", "/", account)

    def find_hoodie(self):
        self.step("GET", "/")
        self.step("GET", "/products/category/apparel-1/")
        self.step("GET", "/products/codemash-1/")

    def add_to_cart(self):
        self.step(
            "POST",
            "/products/codemash-1/add/",
            data={"quantity": 1, "variant": random.randint(1, 6)},
            headers={
                "X-CSRFToken": self.client.cookies.get("csrftoken") or "",
                "X-Requested-With": "XMLHttpRequest",
                "Referer": self.client.base_url + "/products/codemash-1/",
            },
        )

    def checkout(self):
        page = self.step("GET", "/checkout/", "/checkout/shipping-address/")

        gevent.sleep(ADDRESS_TIME)
        address = self.new_address()
        address["email"] = self.new_email()  # asked of visitors only
        address["address"] = "new_address"  # asked of signed-in users only
        page = self.submit(page, "/checkout/shipping-address/", "/checkout/shipping-method/", address)

        page = self.submit(page, "/checkout/shipping-method/", "/checkout/summary/", {"method": 1})

        billing = {"address": "shipping_address"}
        page = self.submit(page, "/checkout/summary/", "/order/[^/]+/payment/", billing)

        gevent.sleep(PAYMENT_TIME)
        payment = urlparse(page.url).path
        self.submit(
            page,
            payment,
            "/order/[^/]+/payment/default/",
            {"method": "default"},
            name="/order/[token]/payment/",
        )


class VisitorBehavior(TaskSet, SharedTasks):
    @task(3)
    def just_visiting(self):
        self.client.get("/")

    @task(47)
    def search(self):
        self.find_hoodie()

    @task(25)
    def bail_on_cart(self):
        self.find_hoodie()
        self.add_to_cart()

    @task(25)
    def buy(self):
        self.find_hoodie()
        self.add_to_cart()
        self.checkout()


class ReturningUserBehavior(TaskSet, SharedTasks):
    def on_start(self):
        self.register_user()

    @task(20)
    def search(self):
        self.find_hoodie()

    @task(5)
    def bail_on_cart(self):
        self.find_hoodie()
        self.add_to_cart()

    @task(75)
    def buy(self):
        self.find_hoodie()
        self.add_to_cart()
        self.checkout()


class Visitor(HttpLocust):
    weight = 80
    task_set = VisitorBehavior
    host = HOST
    min_wait = MIN_WAIT
    max_wait = MAX_WAIT


class ReturningUser(HttpLocust):
    weight = 20
    task_set = ReturningUserBehavior
    host = HOST
    min_wait = MIN_WAIT
    max_wait = MAX_WAIT


@events.init.add_listener
def open_shop(environment, **kwargs):
    """Without a host, start a mock of the shop until all is over; workers get its URL from their master."""
    if environment.host or HOST or isinstance(environment.runner, WorkerRunner):
        return
    from locust_native import MockSaleor

    shop = MockSaleor(latency=LATENCY)
    try:
        shop.start()
    except ValueError as error:
        sys.exit(f"SALEOR_LATENCY: {error}")
    environment.host = shop.url
    environment.events.quit.add_listener(lambda **kwargs: shop.stop())
    logging.info("No --host given: the users walk a mock of the shop at %s", shop.url)
