// The variant picker, the cart's update forms, thumbnails and the address form's country.
(function () {
  function cookie(name) {
    var hit = document.cookie.match('(?:^|; )' + name + '=([^;]*)');
    return hit ? hit[1] : '';
  }
  function post(url, fields) {
    return fetch(url, {
      method: 'POST',
      credentials: 'same-origin',
      headers: {
        'X-CSRFToken': cookie('csrftoken'),
        'X-Requested-With': 'XMLHttpRequest',
        'Content-Type': 'application/x-www-form-urlencoded'
      },
      body: new URLSearchParams(fields).toString()
    }).then(function (answer) {
      return answer.json().then(function (data) { return { ok: answer.ok, data: data }; });
    });
  }
  function complaint(answer) {
    var errors = answer.data.error || {};
    return Object.keys(errors).map(function (key) { return errors[key].join(' '); }).join(' ');
  }
  function make(tag, className, text) {
    var element = document.createElement(tag);
    element.className = className;
    if (text) element.textContent = text;
    return element;
  }

  var picker = document.getElementById('variant-picker');
  if (picker) {
    var data = JSON.parse(picker.getAttribute('data-variant-picker-data'));
    var chosen = {};
    data.variantAttributes.forEach(function (attribute) {
      picker.appendChild(make('div', 'variant-picker__label', attribute.name));
      var row = picker.appendChild(make('div', 'variant-picker__options'));
      attribute.values.forEach(function (value, place) {
        var option = row.appendChild(make('button', 'variant-picker__option', value.name));
        option.type = 'button';
        option.onclick = function () {
          chosen[attribute.pk] = String(value.pk);
          row.querySelectorAll('.active').forEach(function (other) { other.classList.remove('active'); });
          option.classList.add('active');
        };
        if (place === 0) option.onclick();
      });
    });
    var buy = picker.appendChild(make('div', 'variant-picker__buy'));
    var quantity = buy.appendChild(make('input', 'form-control'));
    quantity.type = 'number';
    quantity.min = 1;
    quantity.max = 50;
    quantity.value = 1;
    quantity.setAttribute('aria-label', 'Quantity');
    var button = buy.appendChild(make('button', 'btn', 'Add to cart'));
    var note = picker.appendChild(make('span', 'help-block'));
    button.onclick = function () {
      var variant = data.variants.filter(function (one) {
        return Object.keys(chosen).every(function (pk) { return one.attributes[pk] === chosen[pk]; });
      })[0];
      post(picker.getAttribute('data-action'), { variant: variant.id, quantity: quantity.value }).then(function (answer) {
        if (answer.ok) window.location = answer.data.next;
        else note.textContent = complaint(answer);
      });
    };
  }

  document.querySelectorAll('.form-cart').forEach(function (form) {
    form.onsubmit = function (event) {
      event.preventDefault();
      post(form.getAttribute('action'), { quantity: form.quantity.value }).then(function (answer) {
        if (answer.ok) window.location.reload();
        else window.alert(complaint(answer));
      });
    };
  });

  document.querySelectorAll('.thumbnail').forEach(function (thumbnail, place) {
    thumbnail.onclick = function () {
      var pictures = document.querySelectorAll('.carousel-item');
      document.querySelector('.carousel').classList.add('picked');
      pictures.forEach(function (picture, other) { picture.classList.toggle('shown', other === place); });
    };
  });

  var preview = document.getElementById('id_preview');
  if (preview) {
    document.getElementById('id_country').onchange = function () {
      preview.value = '1';
      preview.form.submit();
    };
  }
})();
